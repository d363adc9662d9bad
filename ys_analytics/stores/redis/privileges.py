"""The least privileges that a Redis or Valkey user needs for the kit to read, as ACL rules.

Depends on nothing. Does not ask a server.
"""

# Rules of ACL SETUSER after the user's name and password. INFO proves that a read saw one server throughout; the keys
# are read by scripts, which may do what the user may.
READING = "resetkeys ~* -@all +@read +@connection +info +eval"

# What a cluster's servers need besides, for the map of their slots, and to read slots one by one while they move.
READING_A_CLUSTER = (
    f"{READING} +cluster|slots +cluster|shards +cluster|nodes +cluster|myid +command "
    "+cluster|countkeysinslot +cluster|getkeysinslot"
)

# What the Sentinels' user needs, where they ask for one.
ASKING_SENTINELS = "resetkeys -@all +@connection +sentinel|masters +sentinel|get-master-addr-by-name"
