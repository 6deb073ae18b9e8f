/// All families of commands, for the differential test.
extension CommandGrammar {
    private static let strings = ["a", "b", "c"]
    private static let hashes = ["h1", "h2", "h3"]
    private static let lists = ["l1", "l2", "l3"]
    private static let sets = ["s1", "s2", "s3"]
    private static let sorted = ["z1", "z2", "z3"]
    /// Members of equal scores, among which ranges by bytes have a meaning.
    private static let equal = ["e1", "e2"]

    static let templates = ofStrings + ofKeys + ofHashes + ofLists + ofSets + ofSortedSets + others

    private static let ofStrings: [Template] = [
        Template(
            "SET $key $value [ NX ] [ XX ] [ GET ] [ EX|PX|EXAT|PXAT $far ] [ KEEPTTL ]", strings,
            weight: 6),
        Template("GET $key", strings, weight: 4), Template("SETNX $key $value", strings),
        Template("SETEX $key $far $value", strings), Template("PSETEX $key $far $value", strings),
        Template("GETSET $key $value", strings), Template("GETDEL $key", strings),
        Template("GETEX $key [ EX|PX|EXAT|PXAT $far ] [ PERSIST ]", strings),
        Template("APPEND $key $value", strings), Template("STRLEN $key", strings),
        Template("SETRANGE $key 0|3|10|-1|600000000|x $value", strings),
        Template("GETRANGE|substr $key $index $index", strings, weight: 4),
        Template("MGET ( $key )*", strings), Template("MSET ( $key $value )*", strings),
        Template("MSETNX ( $key $value )*", strings), Template("INCR|DECR $key", strings),
        Template("INCRBY|DECRBY $key $number", strings),
        Template("INCRBYFLOAT $key $float", strings, weight: 5),
    ]

    private static let ofKeys: [Template] = [
        Template("DEL|UNLINK ( $key )*", anyKeys, weight: 4),
        Template("EXISTS|TOUCH ( $key )*", anyKeys), Template("TYPE $key", anyKeys),
        Template("KEYS *|h*|[a-b]|?|[^x]1|a\\b|[|a*b*", anyKeys, isUnordered: true),
        Template("RENAME|RENAMENX $key $key", anyKeys),
        Template("COPY $key $key [ REPLACE ]", anyKeys),
        Template(
            "EXPIRE|PEXPIRE|EXPIREAT|PEXPIREAT $key $far [ NX|XX|GT|LT ] [ XX|GT|LT|FOO ]",
            anyKeys, weight: 4),
        Template("TTL|EXPIRETIME|PERSIST $key", anyKeys, weight: 4),
        Template("OBJECT ENCODING|REFCOUNT|encoding|FREQ|foo $key", anyKeys, weight: 4),
        Template("DBSIZE", anyKeys), Template("FLUSHDB [ SYNC|ASYNC|x ]", anyKeys, weight: 1),
        Template("SCAN 0|x COUNT 1000|0 [ MATCH h* ] [ TYPE hash|x ]", anyKeys, isUnordered: true),
    ]

    private static let ofHashes: [Template] = [
        Template("HSET|HMSET $key ( $member $value )*", hashes, weight: 8),
        Template("HSETNX $key $member $value", hashes), Template("HGET $key $member", hashes),
        Template("HMGET $key ( $member )*", hashes),
        Template("HGETALL|HKEYS|HVALS $key", hashes, isUnordered: true),
        Template("HDEL $key ( $member )*", hashes), Template("HLEN $key", hashes),
        Template("HSTRLEN|HEXISTS $key $member", hashes),
        Template("HINCRBY $key $member $number", hashes),
        Template("HINCRBYFLOAT $key $member $float", hashes, weight: 4),
        Template("HRANDFIELD $key 100|0|x [ WITHVALUES|x ]", hashes, isUnordered: true),
        Template("HSCAN $key 0|x|$empty COUNT 1000|0|x [ MATCH *|m* ]", hashes, isUnordered: true),
    ]

    private static let ofLists: [Template] = [
        Template("LPUSH|RPUSH|LPUSHX|RPUSHX $key ( $member )*", lists, weight: 8),
        Template("LPOP|RPOP $key [ $small ]", lists), Template("LLEN $key", lists),
        Template("LRANGE $key $index $index", lists, weight: 4),
        Template("LINDEX $key $index|x", lists), Template("LSET $key $index $value", lists),
        Template("LREM $key $small $member", lists), Template("LTRIM $key $index $index", lists),
        Template("LINSERT $key BEFORE|after|x $member $member", lists),
        Template(
            "LPOS $key $member [ RANK $small ] [ COUNT $small ] [ MAXLEN $small ]", lists),
        Template("LMOVE $key $key LEFT|right LEFT|RIGHT|x", lists),
        Template("RPOPLPUSH $key $key", lists),
        Template("LMPOP $counted LEFT|RIGHT|x [ COUNT $small ]", lists),
    ]

    private static let ofSets: [Template] = [
        Template("SADD $key ( $member )*", sets, weight: 8),
        Template("SREM $key ( $member )*", sets), Template("SISMEMBER $key $member", sets),
        Template("SMISMEMBER $key ( $member )*", sets), Template("SCARD $key", sets),
        Template("SMEMBERS $key", sets, isUnordered: true),
        Template("SPOP $key 1000|0|-1|x", sets, weight: 1, isUnordered: true),
        Template("SRANDMEMBER $key 1000|0|x", sets, isUnordered: true),
        Template("SMOVE $key $key $member", sets),
        Template("SINTER|SUNION|SDIFF ( $key )*", sets, weight: 4, isUnordered: true),
        Template("SINTERSTORE|SUNIONSTORE|SDIFFSTORE $key ( $key )*", sets),
        Template("SINTERCARD $counted [ LIMIT $small ]", sets),
        Template("SSCAN $key 0 COUNT 1000", sets, isUnordered: true),
    ]

    private static let ofSortedSets: [Template] = [
        Template(
            "ZADD $key [ NX|XX ] [ GT|LT ] [ CH ] [ INCR ] ( $score $member )*", sorted,
            weight: 12),
        Template("ZADD $key ( 0 $member )*", equal, weight: 4),
        Template("ZINCRBY $key $score $member", sorted, weight: 4),
        Template("ZREM $key ( $member )*", sorted), Template("ZCARD $key", sorted),
        Template("ZSCORE|ZRANK|ZREVRANK $key $member", sorted, weight: 6),
        Template("ZMSCORE $key ( $member )*", sorted),
        Template("ZCOUNT $key $bound $bound", sorted),
        Template("ZLEXCOUNT|ZRANGEBYLEX|ZREVRANGEBYLEX $key $lex $lex", equal, weight: 4),
        Template("ZRANGE $key $index $index [ REV ] [ WITHSCORES ] [ LIMIT 0|1 -1|2 ]", sorted),
        Template(
            "ZRANGE $key $bound $bound BYSCORE [ REV ] [ LIMIT 0|1|-1 -1|2|0 ] [ WITHSCORES ]",
            sorted, weight: 4),
        Template(
            "ZRANGE $key $lex $lex BYLEX [ REV ] [ LIMIT 0|1|-1 -1|2|0 ] [ WITHSCORES ]", equal),
        Template("ZREVRANGE $key $index $index [ WITHSCORES ]", sorted),
        Template(
            "ZRANGEBYSCORE|ZREVRANGEBYSCORE $key $bound $bound [ WITHSCORES ] [ LIMIT 0|1 -1|2 ]",
            sorted, weight: 4),
        Template("ZRANGESTORE $key $key $bound $bound BYSCORE [ REV ] [ LIMIT 0|1 -1|2 ]", sorted),
        Template("ZRANGESTORE $key $key $index $index [ REV ]", sorted),
        Template("ZREMRANGEBYRANK $key $index $index", sorted, weight: 1),
        Template("ZREMRANGEBYSCORE $key $bound $bound", sorted, weight: 1),
        Template("ZREMRANGEBYLEX $key $lex $lex", equal, weight: 1),
        Template("ZPOPMIN|ZPOPMAX $key [ $small ]", sorted),
        Template("ZMPOP $counted MIN|MAX|x [ COUNT $small ]", sorted),
        Template(
            "ZUNION|ZINTER|ZDIFF $counted [ WEIGHTS ( $score )* ] [ AGGREGATE SUM|MIN|MAX|x ] "
                + "[ WITHSCORES ]", sorted + ["s1"], weight: 5),
        Template(
            "ZUNIONSTORE|ZINTERSTORE|ZDIFFSTORE $key $counted [ WEIGHTS ( $score )* ] "
                + "[ AGGREGATE SUM|MIN|MAX ]", sorted + ["s1"], weight: 5),
        Template("ZINTERCARD $counted [ LIMIT $small ]", sorted),
        Template("ZRANDMEMBER $key 100|0|x [ WITHSCORES ]", sorted, isUnordered: true),
        Template("ZSCAN $key 0 COUNT 1000", sorted, isUnordered: true),
    ]

    private static let others: [Template] = [
        Template("MULTI", anyKeys, weight: 1), Template("EXEC", anyKeys, weight: 2),
        Template("DISCARD", anyKeys, weight: 1), Template("WATCH ( $key )*", anyKeys, weight: 1),
        Template("UNWATCH", anyKeys, weight: 1), Template("PING [ $value ] [ x ]", anyKeys),
        Template("SELECT 0|0|0|16|x|-1", anyKeys, weight: 1), Template("ECHO $value", anyKeys),
        Template("FOO|nosuch [ $value ] [ $member ]", anyKeys, weight: 1),
        Template("GET|SET|HSET|LPUSH|ZADD|EXPIRE|CONFIG|CLIENT|OBJECT|ZRANGE|SCAN", anyKeys),
        Template("CONFIG GET|FOO [ timeout|nope ]", anyKeys, weight: 1),
        Template("CLIENT GETNAME|FOO|SETNAME|SETNAME [ n ]", anyKeys, weight: 1),
    ]
}
