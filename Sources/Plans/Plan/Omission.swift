extension Omission {
    /// What a type that is not read leaves out; nil where it leaves out nothing that matters here.
    static func of(_ type: String) -> String? {
        if understood.contains(type) { return nil }
        if let known = named.first(where: { type == $0.type || type.hasPrefix($0.type + "::") }) {
            return known.leavesOut
        }
        return "\(type) is not understood: its cost and what it lets through are unknown"
    }

    /// Read with another resource, or without a price and a path of their own.
    private static let understood = [
        "AWS::CDK::Metadata", "AWS::CloudFormation::WaitCondition",
        "AWS::CloudFormation::WaitConditionHandle", "AWS::EC2::EIPAssociation",
        "AWS::EC2::InternetGateway", "AWS::EC2::LaunchTemplate", "AWS::EC2::Route",
        "AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::VPCGatewayAttachment",
        "AWS::EC2::VolumeAttachment", "AWS::EC2::KeyPair", "AWS::EC2::DHCPOptions",
        "AWS::EC2::VPCDHCPOptionsAssociation", "AWS::EC2::PlacementGroup",
        "AWS::ElasticLoadBalancingV2::ListenerCertificate",
        "AWS::ElasticLoadBalancingV2::ListenerRule", "AWS::ElastiCache::ParameterGroup",
        "AWS::IAM::InstanceProfile", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy",
        "AWS::IAM::User", "AWS::IAM::Group", "AWS::Logs::MetricFilter",
        "AWS::RDS::DBParameterGroup", "AWS::RDS::OptionGroup",
        "AWS::SecretsManager::SecretTargetAttachment", "AWS::SecretsManager::ResourcePolicy",
        "AWS::SNS::Topic", "AWS::SNS::Subscription", "AWS::SNS::TopicPolicy",
        "AWS::SSM::Parameter", "AWS::Budgets::Budget",
    ]

    /// The most exact first.
    private static let named: [(type: String, leavesOut: String)] = [
        (
            "AWS::ECS",
            "ECS and Fargate: tasks, their hours, memory and public addresses are not read; cost "
                + "unknown, paths to and from them unknown"
        ),
        (
            "AWS::EC2::NetworkAcl",
            "network ACL: the default, which lets everything through, is taken; paths may be "
                + "closed that are shown as open"
        ),
        (
            "AWS::EC2::SubnetNetworkAclAssociation",
            "network ACL: the default, which lets everything through, is taken"
        ),
        (
            "AWS::EC2::VPCEndpoint",
            "VPC endpoint: its hours and what it makes reachable are unknown"
        ),
        ("AWS::EC2::VPCPeeringConnection", "peering: paths through it are unknown"),
        ("AWS::EC2::TransitGateway", "transit gateway: cost unknown, paths through it unknown"),
        ("AWS::EC2::FlowLog", "flow log: its storage is not priced"),
        ("AWS::EC2::EgressOnlyInternetGateway", "IPv6 is not walked"),
        (
            "AWS::EC2::VPCCidrBlock",
            "a further address block: IPv6 and second blocks are not walked"
        ),
        (
            "AWS::AutoScaling",
            "Auto Scaling: how many instances it keeps, their cost and paths to them are unknown"
        ),
        ("AWS::ApplicationAutoScaling", "scaling: what it adds is not priced"),
        ("AWS::ElasticLoadBalancing", "Classic Load Balancer: cost unknown, paths unknown"),
        ("AWS::RDS::DBCluster", "Aurora cluster: cost unknown, paths to it unknown"),
        ("AWS::RDS::DBProxy", "RDS proxy: cost unknown, paths through it unknown"),
        ("AWS::RDS", "RDS part: cost unknown"),
        ("AWS::ElastiCache::ServerlessCache", "serverless cache: cost unknown, paths unknown"),
        ("AWS::WAFv2", "WAF: $5 and more a month are not priced, its rules are not read"),
        ("AWS::WAF", "WAF Classic: not priced, its rules are not read"),
        ("AWS::S3", "S3: storage, requests and transfer are not priced"),
        ("AWS::ECR", "ECR: image storage is not priced"),
        ("AWS::EFS", "EFS: storage is not priced, paths to it unknown"),
        ("AWS::Lambda", "Lambda: calls are not priced, paths from it unknown"),
        ("AWS::CloudFront", "CloudFront: transfer through it is not priced, paths unknown"),
        ("AWS::ApiGateway", "API Gateway: calls are not priced, paths through it unknown"),
        ("AWS::ApiGatewayV2", "API Gateway: calls are not priced, paths through it unknown"),
        ("AWS::DynamoDB", "DynamoDB: not priced"),
        ("AWS::SQS", "SQS: requests are not priced"),
        ("AWS::Events", "EventBridge: events are not priced"),
        ("AWS::KMS", "KMS: $1 a key and month is not priced"),
        ("AWS::Backup", "AWS Backup: storage is not priced"),
        ("AWS::CloudWatch", "CloudWatch part: not priced"),
        ("AWS::ServiceDiscovery", "service discovery: not priced"),
        ("AWS::IVS", "IVS: video in and out is not priced"),
        ("AWS::MediaLive", "MediaLive: not priced"),
        ("AWS::Route53::HealthCheck", "health check: $0.50 and more a month are not priced"),
        ("Custom", "custom resource: what its function does is unknown"),
        ("AWS::CloudFormation::CustomResource", "custom resource: what it does is unknown"),
        ("AWS::CloudFormation::Stack", "nested stack: give its template beside this one"),
    ]
}
