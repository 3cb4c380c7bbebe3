"""Tasks from outside: modules of other distributions and files of users, read apart and carried out in workers alone.

A process that answers people never imports them. It asks `reading` for what they say of themselves, once, and `apart`
for what they draw and predict; both are child processes that can hang, raise or end, and harm nobody.
"""
