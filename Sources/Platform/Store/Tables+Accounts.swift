import Base

/// Users, their API keys, and what they write to us.
extension Tables {
    mutating func addUser(_ name: String, _ password: PasswordHash) -> StoreAnswer {
        let bytes = Array(name.utf8)
        guard usersByName[bytes] == nil else { return .refused(.nameTaken) }
        guard users.count < Self.usersMax else { return .refused(.full) }
        let user = UserID(Int32(users.count))
        let row = UserRow(user: user, name: name, password: password)
        users.append(User(row: row))
        usersByName[bytes] = user
        return .user(row)
    }

    func findUser(_ name: String) -> StoreAnswer {
        guard let user = usersByName[Array(name.utf8)] else { return .refused(.noUser) }
        return .user(users[Int(user.raw)].row)
    }

    mutating func addKey(
        _ user: UserID, _ label: String, _ scopes: Scopes, _ digest: SecretDigest
    ) -> StoreAnswer {
        guard users.indices.contains(Int(user.raw)) else { return .refused(.noUser) }
        guard keysBySecret[digest] == nil else { return .refused(.nameTaken) }
        guard users[Int(user.raw)].keys.count < Self.keysMax else { return .refused(.full) }
        let key = KeyID(Int32(keys.count))
        let row = KeyRow(key: key, user: user, label: label, scopes: scopes, isRevoked: false)
        keys.append(row)
        keysBySecret[digest] = key
        users[Int(user.raw)].keys.append(key)
        return .key(row)
    }

    func findKey(_ digest: SecretDigest) -> StoreAnswer {
        guard let key = keysBySecret[digest], !keys[Int(key.raw)].isRevoked else {
            return .refused(.noKey)
        }
        return .key(keys[Int(key.raw)])
    }

    func keys(of user: UserID) -> StoreAnswer {
        guard users.indices.contains(Int(user.raw)) else { return .keys([]) }
        return .keys(users[Int(user.raw)].keys.map { keys[Int($0.raw)] })
    }

    mutating func revokeKey(_ key: KeyID, by user: UserID) -> StoreAnswer {
        let index = Int(key.raw)
        guard keys.indices.contains(index) else { return .refused(.noKey) }
        guard keys[index].user == user else { return .refused(.notYours) }
        keys[index].isRevoked = true
        return .done
    }

    mutating func addFeedback() -> StoreAnswer {
        guard feedbackCount < Self.feedbackMax else { return .refused(.full) }
        feedbackCount += 1
        return .done
    }
}
