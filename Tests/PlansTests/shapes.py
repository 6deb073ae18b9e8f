"""Synthesises the plan in other shapes with AWS's own CDK, one folder of templates for each.

    python3 shapes.py FOLDER        (needs aws-cdk-lib 2.275.0 from PyPI, and Node)

What it writes is kept in Shapes/ for other tests to read; one test runs this script again and
compares. The Graviton shape is a stack for us-east-1, which CDK writes into no template.
"""

import json
import os
import shutil
import sys

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_ecs_patterns as patterns
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from aws_cdk import aws_elasticloadbalancingv2_targets as targets
from aws_cdk import aws_rds as rds
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_route53_targets as aliases
from aws_cdk import aws_sns as sns

ISOLATED = ec2.SubnetType.PRIVATE_ISOLATED
COMPOSE = """services:
  rtmp:
    image: ossrs/srs:5
    ports: ["1935:1935", "8080:8080"]
    restart: unless-stopped
    logging: {driver: local}
  coordinator:
    image: streamr/coordinator
    ports: ["8000:8000"]
    restart: unless-stopped
    logging: {driver: local}
"""


class Foundation(cdk.Stack):
    def __init__(
            self, scope, name, *, nat=0, multi_az=False, db="t3", cache="cache.t4g.micro",
            env=None):
        super().__init__(scope, name, env=env)
        private = ec2.SubnetType.PRIVATE_WITH_EGRESS if nat else ISOLATED
        self.vpc = ec2.Vpc(
            self, "Network", max_azs=2, nat_gateways=nat,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24),
                ec2.SubnetConfiguration(name="Private", subnet_type=private, cidr_mask=24),
            ])
        self.database = rds.DatabaseInstance(
            self, "Database",
            engine=rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.VER_17),
            instance_type=ec2.InstanceType(db + ".micro"), vpc=self.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=private), database_name="streamr",
            credentials=rds.Credentials.from_generated_secret("streamr"), allocated_storage=20,
            storage_encrypted=True, multi_az=multi_az, backup_retention=cdk.Duration.days(7))
        self.cache_group = ec2.SecurityGroup(self, "CacheGroup", vpc=self.vpc)
        subnets = elasticache.CfnSubnetGroup(
            self, "CacheSubnets", description="Both private subnets",
            subnet_ids=self.vpc.select_subnets(subnet_type=private).subnet_ids)
        self.cache = elasticache.CfnCacheCluster(
            self, "Cache", cache_node_type=cache, engine="valkey", num_cache_nodes=1,
            cache_subnet_group_name=subnets.ref,
            vpc_security_group_ids=[self.cache_group.security_group_id])


class Application(cdk.Stack):
    def __init__(self, scope, name, foundation, *, machine="t3.micro", arm=False, env=None):
        super().__init__(scope, name, env=env)
        vpc = foundation.vpc
        front = ec2.SecurityGroup(self, "Front", vpc=vpc, allow_all_outbound=False)
        for port in (80, 443):
            front.add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(port))
        group = ec2.SecurityGroup(self, "Group", vpc=vpc)
        for port in (1935, 8080):
            group.add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(port))
        cpu = ec2.AmazonLinuxCpuType.ARM_64 if arm else ec2.AmazonLinuxCpuType.X86_64
        instance = ec2.Instance(
            self, "Instance", instance_type=ec2.InstanceType(machine), vpc=vpc,
            machine_image=ec2.MachineImage.latest_amazon_linux2023(cpu_type=cpu),
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            security_group=group, require_imdsv2=True,
            credit_specification=ec2.CpuCredits.STANDARD,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        20, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3))
            ])
        foundation.database.secret.grant_read(instance)
        host = foundation.database.instance_endpoint.hostname
        instance.add_user_data(
            "dnf install -y docker", "systemctl enable docker", "systemctl start docker",
            "cat > /opt/docker-compose.yml <<'EOF'\n" + COMPOSE + "EOF",
            f'echo "DATABASE_HOST={host}" > /opt/.env', "cd /opt", "docker compose up -d")
        ec2.CfnEIP(self, "Address", domain="vpc", instance_id=instance.instance_id)
        for target, port in ((foundation.database.connections.security_groups[0], 5432),
                             (foundation.cache_group, 6379)):
            ec2.CfnSecurityGroupIngress(
                self, f"From{port}", ip_protocol="tcp", from_port=port, to_port=port,
                group_id=target.security_group_id,
                source_security_group_id=group.security_group_id)
        # CDK adds no rule for an InstanceTarget by itself.
        front.connections.allow_to(group, ec2.Port.tcp(8000))
        balancer = elbv2.ApplicationLoadBalancer(
            self, "Balancer", vpc=vpc, internet_facing=True, security_group=front)
        zone = route53.HostedZone(self, "Zone", zone_name="streamr.example.com")
        certificate = acm.Certificate(
            self, "Certificate", domain_name="streamr.example.com",
            validation=acm.CertificateValidation.from_dns(zone))
        listener = balancer.add_listener(
            "HTTPS", port=443, certificates=[certificate], open=False)
        listener.add_targets(
            "Coordinator", port=8000, protocol=elbv2.ApplicationProtocol.HTTP,
            targets=[targets.InstanceTarget(instance)],
            health_check=elbv2.HealthCheck(path="/health"))
        balancer.add_redirect(open=False)
        route53.ARecord(
            self, "Name", zone=zone,
            target=route53.RecordTarget.from_alias(aliases.LoadBalancerTarget(balancer)))
        alarm = cloudwatch.Alarm(
            self, "Down", threshold=1, evaluation_periods=3,
            metric=cloudwatch.Metric(
                namespace="AWS/EC2", metric_name="StatusCheckFailed",
                dimensions_map={"InstanceId": instance.instance_id}))
        alarm.add_alarm_action(actions.SnsAction(sns.Topic(self, "Operators")))


class Fargate(cdk.Stack):
    def __init__(self, scope, name):
        super().__init__(scope, name)
        vpc = ec2.Vpc(self, "Network", max_azs=2)
        patterns.ApplicationLoadBalancedFargateService(
            self, "Service", cluster=ecs.Cluster(self, "Cluster", vpc=vpc),
            task_image_options=patterns.ApplicationLoadBalancedTaskImageOptions(
                image=ecs.ContainerImage.from_registry("ossrs/srs:5"), container_port=8080))


def synthesise(build, out):
    app = cdk.App(
        outdir=out + ".cdk", analytics_reporting=False,
        default_stack_synthesizer=cdk.DefaultStackSynthesizer(
            generate_bootstrap_version_rule=False))
    build(app)
    app.synth()
    os.makedirs(out, exist_ok=True)
    for name in sorted(os.listdir(out + ".cdk")):
        if name.endswith(".template.json"):
            with open(f"{out}.cdk/{name}") as source, open(f"{out}/{name}", "w") as target:
                json.dump(json.load(source), target, indent=1)
                target.write("\n")
    shutil.rmtree(out + ".cdk")


def stacks(**options):
    machine = {key: options.pop(key) for key in ("machine", "arm") if key in options}
    env = options.get("env")
    return lambda app: Application(
        app, "Application", Foundation(app, "Foundation", **options), env=env, **machine)


SHAPES = {
    "corrected": stacks(),
    "nat-multi-az": stacks(nat=2, multi_az=True),
    "graviton": stacks(
        db="t4g", machine="t4g.small", arm=True, env=cdk.Environment(region="us-east-1")),
    "fargate": lambda app: Fargate(app, "Fargate"),
}

if __name__ == "__main__":
    for shape, build in SHAPES.items():
        synthesise(build, f"{sys.argv[1]}/{shape}")
