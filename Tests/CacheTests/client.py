"""Uses the cache as programs do that have the PyPI client redis; says so when all went well."""

import sys
import threading

import redis

port, password = int(sys.argv[1]), sys.argv[2]
# Without a word the client speaks what it thinks best, which is version 3 from its release 8 on.
options = {"port": port} | ({"protocol": int(sys.argv[3])} if len(sys.argv) > 3 else {})
r = redis.Redis(password=password, decode_responses=True, **options)
r.flushall()

try:
    redis.Redis(**options).ping()
    sys.exit("no password was asked for")
except redis.AuthenticationError:
    pass

assert r.ping()
assert r.set("k", "v", ex=100) and r.get("k") == "v" and 95 < r.ttl("k") <= 100
assert r.set("k", "w", nx=True) is None
assert r.incrbyfloat("f", 0.1) == 0.1 and r.incr("n", 5) == 5
assert r.mset({"a": 1, "b": 2}) and r.mget("a", "b", "none") == ["1", "2", None]
r.hset("h", mapping={"x": "1", "y": "2"})
assert r.hgetall("h") == {"x": "1", "y": "2"} and r.hincrby("h", "x", 2) == 3
r.rpush("l", *range(5))
assert r.lrange("l", 1, -2) == ["1", "2", "3"] and r.lpos("l", "3") == 3
r.sadd("s", "a", "b", "c")
assert r.smembers("s") == {"a", "b", "c"} and r.sismember("s", "a") == 1
r.zadd("z", {"one": 1, "two": 2.5, "three": 3})
scores = [("one", 1.0), ("two", 2.5), ("three", 3.0)]
assert [tuple(row) for row in r.zrange("z", 0, -1, withscores=True)] == scores
assert r.zscore("z", "two") == 2.5 and r.zincrby("z", 0.25, "two") == 2.75
assert r.zrevrank("z", "three") == 0 and r.zcount("z", "(1", "+inf") == 2
assert sorted(r.scan_iter("?")) == ["a", "b", "f", "h", "k", "l", "n", "s", "z"]
assert dict(r.hscan_iter("h")) == {"x": "3", "y": "2"}

with r.pipeline() as pipe:
    pipe.set("p", 1).incr("p").get("p")
    assert pipe.execute() == [True, 2, "2"]

other = redis.Redis(password=password, **options)
with r.pipeline() as pipe:
    pipe.watch("p")
    other.set("p", 10)
    pipe.multi()
    pipe.incr("p")
    try:
        pipe.execute()
        sys.exit("a disturbed transaction was carried out")
    except redis.WatchError:
        pass


def add(connection):
    """A counter that is read and written in a transaction, again until nobody came between."""
    for _ in range(50):
        connection.transaction(increment, "t")


def increment(pipe):
    value = int(pipe.get("t") or 0)
    pipe.multi()
    pipe.set("t", value + 1)


threads = [
    threading.Thread(target=add, args=(redis.Redis(password=password, **options),))
    for _ in range(4)
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert r.get("t") == "200", r.get("t")

messages = r.pubsub(ignore_subscribe_messages=True)
messages.subscribe("news")
messages.get_message(timeout=1)
assert other.publish("news", "hello") == 1
assert messages.get_message(timeout=5)["data"] == "hello"
messages.close()

assert r.info("memory")["used_memory"] > 0
assert r.config_get("maxmemory*")["maxmemory-policy"] == "noeviction"
assert r.client_setname("me") and r.client_getname() == "me"
assert any(client["name"] == "me" for client in r.client_list())
assert r.memory_usage("h") > 0 and r.object("encoding", "h") == "listpack"
try:
    r.lpush("k", 1)
    sys.exit("a string was taken for a list")
except redis.ResponseError as error:
    assert str(error).startswith("WRONGTYPE")
assert r.dbsize() > 10 and r.flushall() and r.dbsize() == 0
print("everything works")
