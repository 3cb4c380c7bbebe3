"""The runner: claims studies by a lease and drives each on Ray Tune in a process of its own.

```
runner (this process)   lock of DATA_DIR, heartbeats, leases, shares; imports no Ray
├── compilers               compile what packs are trained by, where this machine has not got it yet, then end
├── head                one process that owns the local Ray cluster (none with RAY_ADDRESS)
└── driver, one a study runs a Tune `Tuner` over the study's packs; the only writer of that study
    └── Ray workers     train packs; no database, no credential
```

Children get their orders on standard input and answer on standard output, one JSON object a line; standard input ends
when the parent does, however it ends, and then so do they.
"""
