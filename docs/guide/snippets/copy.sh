redis-cli CONFIG SET auto-aof-rewrite-percentage 0
while redis-cli INFO persistence | grep -q 'aof_rewrite_\(in_progress\|scheduled\):1'; do sleep 1; done
cp -r appendonlydir backup
redis-cli CONFIG SET auto-aof-rewrite-percentage 100
