"""The numerics: tasks, regularisers, optimisers and the pack engine. No Ray, no SQL, no HTTP."""
