"""The live feed: every change once it is final, in the order of change_id, to many clients.

One reader an instance follows the change log on one connection and keeps the latest changes in
memory. Clients are served from there; who is further behind reads from the database until it has
caught up. A client's place is a change_id and nothing else, so any instance can serve it.
"""
