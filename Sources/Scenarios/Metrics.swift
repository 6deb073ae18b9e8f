/// What a gate can ask about.
public enum Metrics {
    /// The columns of a run's series.
    public static let columns = [
        "egress_rate", "ingress_rate", "cpu_used", "cpu_credits", "cpu_surplus_credits",
        "network_burst_left", "memory_used", "disk_used", "viewers", "streams", "cost_so_far",
    ]

    /// The figures of a run's summary: one number for the whole run.
    public static let figures = [
        "egress_bytes", "egress_viewers_bytes", "egress_nodes_bytes", "egress_control_bytes",
        "egress_scans_bytes", "egress_media_bytes", "egress_overhead_audio_bytes",
        "egress_overhead_protocol_bytes", "egress_overhead_control_bytes", "ingress_media_bytes",
        "ingress_control_bytes", "relayed_by_nodes_bytes", "events", "rate_sharings",
        "cpu_seconds", "cpu_control_seconds", "cpu_wait_max_seconds", "cpu_held_seconds",
        "heartbeats", "calls", "calls_failed", "calls_to_unhealthy_target",
        "database_connections_refused", "cache_keys_evicted", "transactions",
        "viewer_sessions", "viewers_routed_to_nodes", "viewers_lost", "viewer_wanted_seconds",
        "viewer_played_seconds", "stall_seconds",
        "stalls", "publish_sessions", "publish_cut", "encoder_gave_up", "frames_sent",
        "frames_dropped_encoder", "frames_dropped_queue", "streams_at_once_max", "spot_checks",
        "spot_checks_passed", "nodes_flagged", "owed_to_nodes_usd", "scans", "scans_answered",
        "health_checks", "health_checks_failed", "dashboard_probes", "dashboard_probes_good",
        "out_of_memory_kills", "memory_used_max_bytes", "cpu_surplus_charged_credits",
        "uptime_rtmp_percent", "uptime_coordinator_percent", "uptime_worker_percent",
        "uptime_front_percent", "uptime_database_percent", "uptime_cache_percent",
        "interventions", "log_entries_left_out",
    ]
}
