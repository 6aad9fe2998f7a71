for name in shop-0 shop-1 shop-2 shop-3; do
	redis-cli CLUSTER KEYSLOT "{$name}:placed"
done
