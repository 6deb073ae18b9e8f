import Base

/// Under which rules the same usage is paid for.
public enum Regime: Sendable, Hashable {
    /// List prices, with what is free for everyone, always.
    case onDemand
    /// The first twelve months of an account opened before 2025-07-15; nobody has held it since
    /// 2026-07-15. AWS's documents conflict on whether a t3.micro is covered in a region that
    /// has the t2.micro: `disputed` says whether what they conflict on counts as free.
    /// Source: AWS Billing and Cost Management User Guide, "AWS Free Tier".
    case legacyFreeTier(disputed: Bool)
    /// An account opened since 2025-07-15 on the Free plan: list prices are taken from credits,
    /// and the account closes when they or six months have gone, whichever is first.
    /// Source: AWS Billing and Cost Management User Guide, "Free Tier plans".
    case freePlan(creditsCents: Int64)

    public static let creditsCentsMax: Int64 = 100_000_000  // a million dollars
    /// $100 at sign-up; five activities bring $20 each.
    public static let creditsCentsAtSignUp: Int64 = 10_000
    public static let creditsCentsWithActivities: Int64 = 20_000
    /// Six of the twelve months of 730 hours.
    public static let freePlanHoursMax: Int64 = 6 * 730

    public static let names = [
        "on-demand", "legacy-free-tier", "legacy-free-tier-strict", "free-plan",
    ]

    /// The regime of this name; `creditsCents` matters to the Free plan alone.
    public init?(name: String, creditsCents: Int64) {
        switch name {
        case "on-demand": self = .onDemand
        case "legacy-free-tier": self = .legacyFreeTier(disputed: true)
        case "legacy-free-tier-strict": self = .legacyFreeTier(disputed: false)
        case "free-plan": self = .freePlan(creditsCents: creditsCents)
        case _: return nil
        }
    }

    public var name: String {
        switch self {
        case .onDemand: "on-demand"
        case .legacyFreeTier(let disputed):
            disputed ? "legacy-free-tier" : "legacy-free-tier-strict"
        case .freePlan: "free-plan"
        }
    }
}
