redis-cli CONFIG SET appendonly yes
while redis-cli INFO persistence | grep -q 'aof_rewrite_\(in_progress\|scheduled\):1'; do sleep 1; done
redis-cli INFO persistence | grep aof_last_bgrewrite_status
