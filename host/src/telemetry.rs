//! What the host says of itself: metrics for Prometheus, and log lines.

use std::io::IsTerminal;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use tracing_subscriber::EnvFilter;

/// A deployment, as a label.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct DeploymentLabel {
    pub deployment: String,
}

/// A group, as a label.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct GroupLabel {
    pub group: String,
}

/// All metrics. Labels have bounded values: no record, key or client ever becomes one.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    pub commits: Counter,
    pub commit_bytes: Counter,
    pub commit_seconds: Histogram,
    pub produced_records: Counter,
    pub produced_bytes: Counter,
    pub fetched_records: Counter,
    pub refused_requests: Counter,
    pub connections: Gauge,
    pub instances: Gauge,
    pub instantiate_seconds: Histogram,
    pub swap_pause_seconds: Histogram,
    pub call_seconds: Histogram,
    pub state_get_seconds: Histogram,
    pub head_bytes: Gauge,
    pub segments_sealed: Counter,
    pub sealed_bytes: Counter,
    pub tier_reads: Counter,
    pub tier_read_bytes: Counter,
    pub tier_failures: Counter,
    pub segment_cache_hits: Counter,
    pub segment_cache_misses: Counter,
    pub garbage_objects: Gauge,
    pub groups: Gauge,
    pub group_members: Gauge,
    pub group_polls: Counter,
    pub group_commits: Counter,
    pub group_sessions_expired: Counter,
    pub group_dead_letters: Counter,
    /// Set when it is asked for.
    pub group_lag: Family<GroupLabel, Gauge>,
    pub task_records_in: Family<DeploymentLabel, Counter>,
    pub task_records_out: Family<DeploymentLabel, Counter>,
    pub task_rejections: Family<DeploymentLabel, Counter>,
    pub task_failures: Family<DeploymentLabel, Counter>,
    pub queries: Counter,
}

/// Finer than powers of two where lookups are: microseconds.
const STATE_GET_SECONDS: [f64; 12] =
    [1e-6, 2e-6, 5e-6, 10e-6, 20e-6, 30e-6, 50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 10e-3];

impl Default for Metrics {
    fn default() -> Self {
        // 1 us to 4 s, in factors of two.
        let seconds = || Histogram::new(exponential_buckets(1e-6, 2.0, 23));
        let mut metrics = Self {
            registry: Registry::with_prefix("kafka_do"),
            commits: Counter::default(),
            commit_bytes: Counter::default(),
            commit_seconds: seconds(),
            produced_records: Counter::default(),
            produced_bytes: Counter::default(),
            fetched_records: Counter::default(),
            refused_requests: Counter::default(),
            connections: Gauge::default(),
            instances: Gauge::default(),
            instantiate_seconds: seconds(),
            swap_pause_seconds: seconds(),
            call_seconds: seconds(),
            state_get_seconds: Histogram::new(STATE_GET_SECONDS),
            head_bytes: Gauge::default(),
            segments_sealed: Counter::default(),
            sealed_bytes: Counter::default(),
            tier_reads: Counter::default(),
            tier_read_bytes: Counter::default(),
            tier_failures: Counter::default(),
            segment_cache_hits: Counter::default(),
            segment_cache_misses: Counter::default(),
            garbage_objects: Gauge::default(),
            groups: Gauge::default(),
            group_members: Gauge::default(),
            group_polls: Counter::default(),
            group_commits: Counter::default(),
            group_sessions_expired: Counter::default(),
            group_dead_letters: Counter::default(),
            group_lag: Family::default(),
            task_records_in: Family::default(),
            task_records_out: Family::default(),
            task_rejections: Family::default(),
            task_failures: Family::default(),
            queries: Counter::default(),
        };
        metrics.register();
        metrics.register_tiers();
        metrics.register_groups();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("commits", "Group commits: transactions with one fsync each", self.commits.clone());
        r.register_with_unit("commit", "Record bytes committed", Unit::Bytes, self.commit_bytes.clone());
        r.register_with_unit("commit_duration", "Time of one group commit", Unit::Seconds, self.commit_seconds.clone());
        r.register("produced_records", "Records produced over HTTP", self.produced_records.clone());
        r.register_with_unit(
            "produced",
            "Bytes of records produced over HTTP",
            Unit::Bytes,
            self.produced_bytes.clone(),
        );
        r.register("fetched_records", "Records sent to clients", self.fetched_records.clone());
        r.register(
            "refused_requests",
            "Requests refused because the host had too much to do",
            self.refused_requests.clone(),
        );
        r.register("connections", "Open HTTP connections", self.connections.clone());
        r.register("plugin_instances", "Plugin instances alive", self.instances.clone());
        r.register_with_unit(
            "plugin_instantiate",
            "Time to instantiate a plugin",
            Unit::Seconds,
            self.instantiate_seconds.clone(),
        );
        r.register_with_unit(
            "state_get",
            "Time of one question of a plugin for rows of its state",
            Unit::Seconds,
            self.state_get_seconds.clone(),
        );
        r.register_with_unit("plugin_call", "Time of one call into a plugin", Unit::Seconds, self.call_seconds.clone());
        r.register_with_unit(
            "swap_pause",
            "Time a partition stood still in a swap",
            Unit::Seconds,
            self.swap_pause_seconds.clone(),
        );
        r.register("task_records_in", "Records that deployments read", self.task_records_in.clone());
        r.register("task_records_out", "Records that deployments wrote", self.task_records_out.clone());
        r.register("task_rejections", "Records that deployments sent to dead letters", self.task_rejections.clone());
        r.register("task_failures", "Calls into plugins that failed", self.task_failures.clone());
        r.register("queries", "Queries whose steps were opened", self.queries.clone());
    }

    fn register_tiers(&mut self) {
        let r = &mut self.registry;
        r.register_with_unit("head", "Bytes that wait to be sealed", Unit::Bytes, self.head_bytes.clone());
        r.register("segments_sealed", "Segments sealed and sent to a tier", self.segments_sealed.clone());
        r.register_with_unit("sealed", "Bytes of batches sealed", Unit::Bytes, self.sealed_bytes.clone());
        r.register("tier_reads", "Reads from a tier", self.tier_reads.clone());
        r.register_with_unit("tier_read", "Bytes read from a tier", Unit::Bytes, self.tier_read_bytes.clone());
        r.register("tier_failures", "Operations on a tier that failed after all tries", self.tier_failures.clone());
        r.register("segment_cache_hits", "Blocks and indexes found in the cache", self.segment_cache_hits.clone());
        r.register("segment_cache_misses", "Blocks and indexes fetched", self.segment_cache_misses.clone());
        r.register("garbage_objects", "Objects of nobody's, to be deleted", self.garbage_objects.clone());
    }

    fn register_groups(&mut self) {
        let r = &mut self.registry;
        r.register("groups", "Consumer groups, but for those of deployments", self.groups.clone());
        r.register("group_members", "Members of all groups", self.group_members.clone());
        r.register("group_polls", "Polls of members", self.group_polls.clone());
        r.register("group_commits", "Commits and acknowledgements of members", self.group_commits.clone());
        r.register("group_sessions_expired", "Members that fell silent", self.group_sessions_expired.clone());
        r.register("group_dead_letters", "Records that share groups gave up", self.group_dead_letters.clone());
        r.register("group_lag", "Offsets that a group with members has yet to read", self.group_lag.clone());
    }

    /// In the text format of Prometheus, `OpenMetrics` 1.0.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

/// Log lines go to standard error, so that standard output stays for answers. `RUST_LOG` chooses what is said.
pub fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .try_init();
    // Only a second subscriber can fail, and then the first one speaks.
    drop(started);
}
