/// All commands, with Redis 7.0's arities.
extension CommandSpec {
    static let strings: [CommandSpec] = [
        .init("get", 2, [.read, .fast], .string(.get), 1, 1, 1),
        .init("set", -3, [.write, .grows], .string(.set), 1, 1, 1),
        .init("setnx", 3, [.write, .grows, .fast], .string(.setIfNew), 1, 1, 1),
        .init("setex", 4, [.write, .grows], .string(.setSeconds), 1, 1, 1),
        .init("psetex", 4, [.write, .grows], .string(.setMilliseconds), 1, 1, 1),
        .init("getset", 3, [.write, .grows, .fast], .string(.getAndSet), 1, 1, 1),
        .init("getdel", 2, [.write, .fast], .string(.getAndDelete), 1, 1, 1),
        .init("getex", -2, [.write, .fast], .string(.getAndExpire), 1, 1, 1),
        .init("append", 3, [.write, .grows, .fast], .string(.append), 1, 1, 1),
        .init("strlen", 2, [.read, .fast], .string(.length), 1, 1, 1),
        .init("setrange", 4, [.write, .grows], .string(.setRange), 1, 1, 1),
        .init("getrange", 4, [.read], .string(.getRange), 1, 1, 1),
        .init("substr", 4, [.read], .string(.getRange), 1, 1, 1),
        .init("mget", -2, [.read, .fast], .string(.getMany), 1, -1, 1),
        .init("mset", -3, [.write, .grows], .string(.setMany), 1, -1, 2),
        .init("msetnx", -3, [.write, .grows], .string(.setManyIfNew), 1, -1, 2),
        .init("incr", 2, [.write, .grows, .fast], .string(.increment), 1, 1, 1),
        .init("decr", 2, [.write, .grows, .fast], .string(.decrement), 1, 1, 1),
        .init("incrby", 3, [.write, .grows, .fast], .string(.incrementBy), 1, 1, 1),
        .init("decrby", 3, [.write, .grows, .fast], .string(.decrementBy), 1, 1, 1),
        .init("incrbyfloat", 3, [.write, .grows, .fast], .string(.incrementByFraction), 1, 1, 1),
    ]

    static let keys: [CommandSpec] = [
        .init("del", -2, [.write], .key(.delete), 1, -1, 1),
        .init("unlink", -2, [.write, .fast], .key(.delete), 1, -1, 1),
        .init("exists", -2, [.read, .fast], .key(.exists), 1, -1, 1),
        .init("type", 2, [.read, .fast], .key(.type), 1, 1, 1),
        .init("keys", 2, [.read], .key(.keys)),
        .init("scan", -2, [.read], .key(.scan)),
        .init("rename", 3, [.write], .key(.rename), 1, 2, 1),
        .init("renamenx", 3, [.write, .fast], .key(.renameIfNew), 1, 2, 1),
        .init("randomkey", 1, [.read], .key(.random)),
        .init("touch", -2, [.read, .fast], .key(.touch), 1, -1, 1),
        .init("copy", -3, [.write, .grows], .key(.copy), 1, 2, 1),
        .init(
            "object", -2, [.read], .key(.object), 2, 2, 1,
            subcommands: [("ENCODING", 3), ("REFCOUNT", 3), ("IDLETIME", 3), ("FREQ", 3)]),
        .init("expire", -3, [.write, .fast], .key(.expire(unit: 1000, isRelative: true)), 1, 1, 1),
        .init("pexpire", -3, [.write, .fast], .key(.expire(unit: 1, isRelative: true)), 1, 1, 1),
        .init(
            "expireat", -3, [.write, .fast], .key(.expire(unit: 1000, isRelative: false)), 1, 1, 1),
        .init(
            "pexpireat", -3, [.write, .fast], .key(.expire(unit: 1, isRelative: false)), 1, 1, 1),
        .init("ttl", 2, [.read, .fast], .key(.timeLeft(unit: 1000)), 1, 1, 1),
        .init("pttl", 2, [.read, .fast], .key(.timeLeft(unit: 1)), 1, 1, 1),
        .init("expiretime", 2, [.read, .fast], .key(.expiryTime(unit: 1000)), 1, 1, 1),
        .init("pexpiretime", 2, [.read, .fast], .key(.expiryTime(unit: 1)), 1, 1, 1),
        .init("persist", 2, [.write, .fast], .key(.persist), 1, 1, 1),
        .init("dbsize", 1, [.read, .fast], .key(.size)),
        .init("flushdb", -1, [.write], .key(.flush)),
    ]

    static let hashes: [CommandSpec] = [
        .init("hset", -4, [.write, .grows, .fast], .hash(.set), 1, 1, 1),
        .init("hmset", -4, [.write, .grows, .fast], .hash(.setMany), 1, 1, 1),
        .init("hsetnx", 4, [.write, .grows, .fast], .hash(.setIfNew), 1, 1, 1),
        .init("hget", 3, [.read, .fast], .hash(.get), 1, 1, 1),
        .init("hmget", -3, [.read, .fast], .hash(.getMany), 1, 1, 1),
        .init("hgetall", 2, [.read], .hash(.getAll), 1, 1, 1),
        .init("hdel", -3, [.write, .fast], .hash(.delete), 1, 1, 1),
        .init("hlen", 2, [.read, .fast], .hash(.length), 1, 1, 1),
        .init("hstrlen", 3, [.read, .fast], .hash(.valueLength), 1, 1, 1),
        .init("hexists", 3, [.read, .fast], .hash(.exists), 1, 1, 1),
        .init("hkeys", 2, [.read], .hash(.fields), 1, 1, 1),
        .init("hvals", 2, [.read], .hash(.values), 1, 1, 1),
        .init("hincrby", 4, [.write, .grows, .fast], .hash(.increment), 1, 1, 1),
        .init("hincrbyfloat", 4, [.write, .grows, .fast], .hash(.incrementByFraction), 1, 1, 1),
        .init("hrandfield", -2, [.read], .hash(.random), 1, 1, 1),
        .init("hscan", -3, [.read], .hash(.scan), 1, 1, 1),
    ]

    static let lists: [CommandSpec] = [
        .init(
            "lpush", -3, [.write, .grows, .fast], .list(.push(isLeft: true, onlyIfThere: false)),
            1, 1, 1),
        .init(
            "rpush", -3, [.write, .grows, .fast], .list(.push(isLeft: false, onlyIfThere: false)),
            1, 1, 1),
        .init(
            "lpushx", -3, [.write, .grows, .fast], .list(.push(isLeft: true, onlyIfThere: true)),
            1, 1, 1),
        .init(
            "rpushx", -3, [.write, .grows, .fast], .list(.push(isLeft: false, onlyIfThere: true)),
            1, 1, 1),
        .init("lpop", -2, [.write, .fast], .list(.pop(isLeft: true)), 1, 1, 1),
        .init("rpop", -2, [.write, .fast], .list(.pop(isLeft: false)), 1, 1, 1),
        .init("llen", 2, [.read, .fast], .list(.length), 1, 1, 1),
        .init("lrange", 4, [.read], .list(.range), 1, 1, 1),
        .init("lindex", 3, [.read], .list(.index), 1, 1, 1),
        .init("lset", 4, [.write, .grows], .list(.set), 1, 1, 1),
        .init("lrem", 4, [.write], .list(.remove), 1, 1, 1),
        .init("ltrim", 4, [.write], .list(.trim), 1, 1, 1),
        .init("linsert", 5, [.write, .grows], .list(.insert), 1, 1, 1),
        .init("lpos", -3, [.read], .list(.position), 1, 1, 1),
        .init("lmove", 5, [.write, .grows], .list(.move), 1, 2, 1),
        .init("rpoplpush", 3, [.write, .grows], .list(.rotate), 1, 2, 1),
        .init("lmpop", -4, [.write], .list(.popMany)),
    ]

    static let sets: [CommandSpec] = [
        .init("sadd", -3, [.write, .grows, .fast], .set(.add), 1, 1, 1),
        .init("srem", -3, [.write, .fast], .set(.remove), 1, 1, 1),
        .init("sismember", 3, [.read, .fast], .set(.contains), 1, 1, 1),
        .init("smismember", -3, [.read, .fast], .set(.containsMany), 1, 1, 1),
        .init("smembers", 2, [.read], .set(.members), 1, 1, 1),
        .init("scard", 2, [.read, .fast], .set(.count), 1, 1, 1),
        .init("spop", -2, [.write, .fast], .set(.pop), 1, 1, 1),
        .init("srandmember", -2, [.read], .set(.random), 1, 1, 1),
        .init("smove", 4, [.write, .fast], .set(.move), 1, 2, 1),
        .init("sscan", -3, [.read], .set(.scan), 1, 1, 1),
        .init("sinter", -2, [.read], .set(.combine(.intersection)), 1, -1, 1),
        .init("sunion", -2, [.read], .set(.combine(.union)), 1, -1, 1),
        .init("sdiff", -2, [.read], .set(.combine(.difference)), 1, -1, 1),
        .init("sinterstore", -3, [.write, .grows], .set(.store(.intersection)), 1, -1, 1),
        .init("sunionstore", -3, [.write, .grows], .set(.store(.union)), 1, -1, 1),
        .init("sdiffstore", -3, [.write, .grows], .set(.store(.difference)), 1, -1, 1),
        .init("sintercard", -3, [.read], .set(.countIntersection)),
    ]

    static let sortedSets: [CommandSpec] = [
        .init("zadd", -4, [.write, .grows, .fast], .sortedSet(.add), 1, 1, 1),
        .init("zincrby", 4, [.write, .grows, .fast], .sortedSet(.increment), 1, 1, 1),
        .init("zrem", -3, [.write, .fast], .sortedSet(.remove), 1, 1, 1),
        .init("zcard", 2, [.read, .fast], .sortedSet(.count), 1, 1, 1),
        .init("zscore", 3, [.read, .fast], .sortedSet(.score), 1, 1, 1),
        .init("zmscore", -3, [.read, .fast], .sortedSet(.scores), 1, 1, 1),
        .init("zrank", 3, [.read, .fast], .sortedSet(.rank(isReversed: false)), 1, 1, 1),
        .init("zrevrank", 3, [.read, .fast], .sortedSet(.rank(isReversed: true)), 1, 1, 1),
        .init("zcount", 4, [.read, .fast], .sortedSet(.countRange(.scores)), 1, 1, 1),
        .init("zlexcount", 4, [.read, .fast], .sortedSet(.countRange(.members)), 1, 1, 1),
        range("zrange", .any), range("zrevrange", .ranks, isReversed: true),
        range("zrangebyscore", .scores), range("zrevrangebyscore", .scores, isReversed: true),
        range("zrangebylex", .members), range("zrevrangebylex", .members, isReversed: true),
        .init("zrangestore", -5, [.write, .grows], .sortedSet(.storeRange), 1, 2, 1),
        .init("zremrangebyrank", 4, [.write], .sortedSet(.removeRange(.ranks)), 1, 1, 1),
        .init("zremrangebyscore", 4, [.write], .sortedSet(.removeRange(.scores)), 1, 1, 1),
        .init("zremrangebylex", 4, [.write], .sortedSet(.removeRange(.members)), 1, 1, 1),
        .init("zpopmin", -2, [.write, .fast], .sortedSet(.pop(isHighest: false)), 1, 1, 1),
        .init("zpopmax", -2, [.write, .fast], .sortedSet(.pop(isHighest: true)), 1, 1, 1),
        .init("zmpop", -4, [.write], .sortedSet(.popMany)),
        .init("zrandmember", -2, [.read], .sortedSet(.random), 1, 1, 1),
        .init("zscan", -3, [.read], .sortedSet(.scan), 1, 1, 1),
        .init("zunion", -3, [.read], .sortedSet(.combine(.union))),
        .init("zinter", -3, [.read], .sortedSet(.combine(.intersection))),
        .init("zdiff", -3, [.read], .sortedSet(.combine(.difference))),
        .init("zunionstore", -4, [.write, .grows], .sortedSet(.store(.union)), 1, 1, 1),
        .init("zinterstore", -4, [.write, .grows], .sortedSet(.store(.intersection)), 1, 1, 1),
        .init("zdiffstore", -4, [.write, .grows], .sortedSet(.store(.difference)), 1, 1, 1),
        .init("zintercard", -3, [.read], .sortedSet(.countIntersection)),
    ]

    private static func range(
        _ name: String, _ kind: SortedSetQuery.Kind, isReversed: Bool = false
    ) -> CommandSpec {
        .init(name, -4, [.read], .sortedSet(.range(kind, isReversed: isReversed)), 1, 1, 1)
    }

    static let others: [CommandSpec] = [
        .init("ping", -1, [.fast, .subscribed], .connection(.ping)),
        .init("echo", 2, [.fast], .connection(.echo)),
        .init("select", 2, [.fast], .connection(.select)),
        .init("auth", -2, [.fast, .open], .connection(.authenticate)),
        .init("hello", -1, [.fast, .open], .connection(.hello)),
        .init("quit", -1, [.fast, .open, .immediate, .subscribed], .connection(.quit)),
        .init("reset", 1, [.fast, .open, .immediate, .subscribed], .connection(.reset)),
        .init(
            "client", -2, [], .connection(.client),
            subcommands: [
                ("ID", 2), ("GETNAME", 2), ("INFO", 2), ("SETNAME", 3), ("SETINFO", 4),
                ("LIST", -2), ("KILL", -3), ("NO-EVICT", 3), ("NO-TOUCH", 3),
            ]),
        .init("multi", 1, [.fast, .immediate], .transaction(.begin)),
        .init("exec", 1, [.immediate], .transaction(.execute)),
        .init("discard", 1, [.fast, .immediate], .transaction(.discard)),
        .init("watch", -2, [.fast, .immediate], .transaction(.watch), 1, -1, 1),
        .init("unwatch", 1, [.fast], .transaction(.unwatch)),
        .init("subscribe", -2, [.subscribed], .channel(.subscribe(isPattern: false))),
        .init("psubscribe", -2, [.subscribed], .channel(.subscribe(isPattern: true))),
        .init("unsubscribe", -1, [.subscribed], .channel(.unsubscribe(isPattern: false))),
        .init("punsubscribe", -1, [.subscribed], .channel(.unsubscribe(isPattern: true))),
        .init("publish", 3, [.fast], .channel(.publish)),
        .init(
            "pubsub", -2, [], .channel(.report),
            subcommands: [("CHANNELS", -2), ("NUMSUB", -2), ("NUMPAT", 2)]),
        .init("info", -1, [], .server(.info)),
        .init(
            "config", -2, [], .server(.configure),
            subcommands: [("GET", -3), ("SET", -4), ("RESETSTAT", 2)]),
        .init(
            "command", -1, [], .server(.describe),
            subcommands: [("COUNT", 2), ("LIST", -2), ("DOCS", -2), ("INFO", -2)]),
        .init(
            "memory", -2, [.read], .server(.memory),
            subcommands: [("USAGE", -3), ("STATS", 2), ("DOCTOR", 2), ("PURGE", 2)]),
        .init("time", 1, [.fast], .server(.time)),
        .init("flushall", -1, [.write], .server(.flushAll)),
    ]
}
