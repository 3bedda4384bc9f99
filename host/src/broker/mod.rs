//! The use cases, as methods: the only thing that the API, the words and the command line call.

mod groups;
mod produce;
mod queries;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, RwLock, Semaphore, SemaphorePermit};

pub use produce::{
    BatchCommit, KnownBy, NewOffset, NewRecord, ProduceOptions, Produced, Receipt, Retry, too_many_records,
};
pub use queries::Querying;

use crate::clock::Clock;
use crate::config::{SecretSource, Sync, TierSettings};
use crate::coordinator::{Coordinator, CoordinatorOptions};
use crate::error::{Error, Kind, Result};
use crate::limits::{QUERIES_MAX, REPLAYS_MAX, UPLOADS_MAX};
pub use crate::log::{Fetched, Follower, Newest, Restored, RestoredTopic, SegmentSums};
use crate::log::{Log, LogOptions, Partition, Permit, Topic, Unit, Upkeep};
use crate::model::deployment::group_of;
use crate::model::egress::OpenNetworks;
use crate::model::generation::Version;
use crate::model::name::{DeploymentName, PipelineName, PluginName, TopicName};
use crate::model::record::StoredRecord;
use crate::model::segment::Place;
use crate::model::topic::TopicConfig;
use crate::plugin::{Artefact, HookRequest, HookResponse, Natives, Registry, Runtime, RuntimeOptions};
use crate::shutdown::Shutdown;
use crate::store::{Row, Store};
use crate::task::{
    DeploymentStatus, PipelineStatus, Replay, ReplayRequest, Request, StatePage, StateQuery, Supervisor,
};
use crate::telemetry::Metrics;
use crate::tier::{Tier, Tiers};

/// What a host needs to be told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where everything is kept.
    pub data: PathBuf,
    /// Components to register at the start, each under its file's name.
    pub plugins: Option<PathBuf>,
    /// Secrets that settings may name.
    pub secrets: SecretSource,
    /// Networks, beside the internet, that plugins may reach.
    pub open_networks: OpenNetworks,
    pub sync: Sync,
    /// How many bytes may wait for their segments before they are sealed early.
    pub head_bytes: u64,
    /// How long a group without members keeps its offsets.
    pub group_retention_ms: u64,
    /// Where segments go; `None` is a folder beside the database.
    pub tier: Option<TierSettings>,
    /// Where old segments go.
    pub cold_tier: Option<TierSettings>,
    /// Processors that are compiled in.
    pub natives: Natives,
}

#[derive(Debug)]
pub struct Broker {
    log: Arc<Log>,
    registry: Arc<Registry>,
    supervisor: Arc<Supervisor>,
    coordinator: Arc<Coordinator>,
    metrics: Arc<Metrics>,
    clock: Clock,
    sync: Sync,
    /// The tasks' end.
    working: Shutdown,
    /// The requests' end: begins first, and wakes whoever waits for records.
    serving: Shutdown,
    /// Uploads look first and act then: one at a time.
    uploading: tokio::sync::Mutex<()>,
    /// Bodies of uploads that may be in memory.
    upload_turns: Semaphore,
    /// Deploying uses topics and plugins that removing takes away: many deploy at once, one removes alone.
    using: RwLock<()>,
    /// Replays that may be under way.
    replay_turns: Arc<Semaphore>,
    /// Queries that may be under way.
    query_turns: Arc<Semaphore>,
    /// Where the next records without a key go.
    sticky: AtomicU32,
}

/// A replay under way.
#[derive(Debug)]
pub struct Replaying {
    pub replay: Replay,
    _turn: OwnedSemaphorePermit,
}

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    Earliest,
    Latest,
    Offset(u64),
    /// The first record of this time or later.
    TimeMs(i64),
}

impl Broker {
    /// Opens the data folder, takes up what was deployed, and registers the plugins of the folder that was named.
    pub async fn open(
        options: &Options,
        clock: Clock,
        metrics: Arc<Metrics>,
        working: Shutdown,
        serving: Shutdown,
    ) -> Result<Self> {
        std::fs::create_dir_all(&options.data).map_err(|error| {
            Error::internal(format!("the data folder {} cannot be made: {error}", options.data.display()))
        })?;
        refuse_orphans(&options.data)?;
        let store = Arc::new(Store::open(&options.data.join(DATABASE))?);
        let folder = Tier::folder(&absolute(&options.data.join(FOLDER)))?;
        let bucket = options.tier.as_ref().map(Tier::named).transpose()?;
        let cold = options.cold_tier.as_ref().map(Tier::named).transpose()?;
        let tiers = Arc::new(Tiers::new(folder.clone(), bucket, cold));
        let log_options = LogOptions { sync: options.sync, head_bytes: options.head_bytes };
        let log = Log::open(Arc::clone(&store), tiers, &log_options, clock.clone(), Arc::clone(&metrics))?;
        let upkeep = Upkeep::start(Arc::clone(&log), clock.clone(), random()).await?;
        let cache = absolute(&options.data.join("cache"));
        let runtime = Runtime::new(
            &cache,
            clock.clone(),
            Arc::clone(&metrics),
            RuntimeOptions { natives: options.natives.clone(), open_networks: options.open_networks.clone() },
        )?;
        let rows = store.snapshot()?.plugins()?;
        let registry = Arc::new(Registry::new(runtime, folder, rows));
        registry.sweep().await?;
        let supervisor = Supervisor::start(
            Arc::clone(&log),
            Arc::clone(&registry),
            Arc::clone(&store),
            options.secrets.clone(),
            clock.clone(),
            Arc::clone(&metrics),
            working.clone(),
        )?;
        let coordinator = Coordinator::start(
            Arc::clone(&log),
            store,
            CoordinatorOptions {
                retention_ms: options.group_retention_ms,
                random: random(),
                reserved: supervisor.names().iter().map(group_of).collect(),
            },
            clock.clone(),
            Arc::clone(&metrics),
            (working.clone(), serving.clone()),
        )?;
        working.spawn(upkeep.run(working.clone()));
        if let Sync::IntervalMs(ms) = options.sync {
            log.sync_every(Duration::from_millis(ms), &working);
        }
        let broker = Self {
            log,
            registry,
            supervisor,
            coordinator,
            metrics,
            clock,
            sync: options.sync,
            working,
            serving,
            uploading: tokio::sync::Mutex::new(()),
            upload_turns: Semaphore::new(UPLOADS_MAX),
            using: RwLock::new(()),
            replay_turns: Arc::new(Semaphore::new(REPLAYS_MAX)),
            query_turns: Arc::new(Semaphore::new(QUERIES_MAX)),
            sticky: AtomicU32::new(0),
        };
        if let Some(folder) = &options.plugins {
            broker.register_folder(folder).await?;
        }
        Ok(broker)
    }

    /// Stops the tasks between two calls, commits what waits, and closes the log.
    pub async fn close(&self) {
        self.serving.begin();
        self.working.begin();
        self.working.finished().await;
        self.log.close().await;
    }

    /// Runs a change to its end, whether or not whoever asked for it stays to hear: a client that hangs up in the middle
    /// would leave half of it otherwise.
    pub async fn whole<T, F>(self: &Arc<Self>, change: impl FnOnce(Arc<Self>) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.working.whole(change(Arc::clone(self))).await.ok_or_else(Error::shutting_down)?
    }

    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub fn is_shutting_down(&self) -> bool {
        self.serving.has_begun()
    }
}

/// Topics.
impl Broker {
    pub fn topics(&self) -> Vec<Arc<Topic>> {
        self.log.topics()
    }

    pub fn topic(&self, name: &TopicName) -> Result<Arc<Topic>> {
        self.log.topic(name)
    }

    /// Creates the topic with the defaults that `alter` has changed; or finds it, and it must be as `alter` wants it. The flag
    /// says whether it is new.
    pub async fn create_topic(
        &self,
        name: &TopicName,
        alter: impl Fn(&mut TopicConfig) + Send,
    ) -> Result<(Arc<Topic>, bool)> {
        let mut config = TopicConfig::default();
        alter(&mut config);
        let (topic, is_new) = self.log.create_topic(name, &config).await?;
        if !is_new {
            let found = topic.config();
            let mut wanted = TopicConfig::clone(&found);
            alter(&mut wanted);
            if wanted != *found {
                return Err(Error::conflict(
                    "topic-exists",
                    format!(
                        "topic {name} exists with other settings; see them with GET /v1/topics/{name}, and change them with PATCH"
                    ),
                ));
            }
        }
        Ok((topic, is_new))
    }

    pub async fn alter_topic(
        &self,
        name: &TopicName,
        alter: impl FnOnce(&mut TopicConfig) + Send,
    ) -> Result<Arc<Topic>> {
        let before = self.log.topic(name)?.config().partitions;
        let owner = self.supervisor.owners_of_topic(name).into_iter().next();
        let mut refused = None;
        let altered = self.log.alter_topic(name, |config| {
            let mut wanted = config.clone();
            alter(&mut wanted);
            match owner {
                Some(owner) if wanted.partitions != config.partitions => refused = Some(owner),
                _ => *config = wanted,
            }
        });
        let topic = altered.await?;
        if let Some(owner) = refused {
            return Err(Error::conflict(
                "topic-in-use",
                format!(
                    "topic {name} is deployment {owner}'s own, and has as many partitions as its inputs; add partitions to those"
                ),
            ));
        }
        if topic.config().partitions > before {
            self.supervisor.topic_grew(name).await;
        }
        Ok(topic)
    }

    pub async fn delete_topic(&self, name: &TopicName) -> Result<()> {
        let _alone = self.using.write().await;
        let topic = self.log.topic(name)?;
        let users = self.supervisor.users_of_topic(&topic);
        if let Some(user) = users.first() {
            return Err(Error::conflict(
                "topic-in-use",
                format!(
                    "topic {name} is used by deployment {user}; delete that first with DELETE /v1/deployments/{user}"
                ),
            ));
        }
        self.log.delete_topic(name).await
    }
}

/// Records.
impl Broker {
    /// Room for a request; grows while its body is read, and is given to [`Broker::produce`].
    pub fn try_admit(&self) -> Result<Permit> {
        self.log.try_admit()
    }

    /// What an answer to a produce promises.
    pub fn sync(&self) -> Sync {
        self.sync
    }

    /// Deletes the records of a partition before `offset`.
    pub async fn delete_records(&self, topic: &TopicName, partition: u32, offset: u64) -> Result<Arc<Partition>> {
        let partition = self.log.topic(topic)?.partition(partition)?;
        self.log.delete_records(&partition, offset).await?;
        Ok(partition)
    }

    /// What the segments of a topic's partitions come to.
    pub async fn segment_sums(&self, topic: &Topic) -> Result<Vec<SegmentSums>> {
        self.log.segment_sums(topic).await
    }

    /// Reads from one partition, and waits up to `wait` for records where there are none yet.
    pub async fn fetch(
        &self,
        topic: &TopicName,
        partition: u32,
        from: ReadFrom,
        bytes_max: usize,
        wait: Duration,
    ) -> Result<Fetched> {
        let partition = self.log.topic(topic)?.partition(partition)?;
        let from = self.resolve(&partition, from).await?;
        partition.check_offset(from)?;
        if !wait.is_zero() && from >= partition.high_watermark() {
            tokio::select! {
                waited = tokio::time::timeout(wait, partition.wait(from)) => if let Ok(waited) = waited { waited? },
                () = self.serving.begun() => {}
            }
        }
        Ok(Fetched { from, chunk: self.log.read(&partition, from, bytes_max).await? })
    }

    async fn resolve(&self, partition: &Arc<Partition>, from: ReadFrom) -> Result<u64> {
        Ok(match from {
            ReadFrom::Earliest => partition.start_offset(),
            ReadFrom::Latest => partition.high_watermark(),
            ReadFrom::Offset(offset) => offset,
            ReadFrom::TimeMs(time_ms) => self.log.offset_at_time(partition, time_ms).await?,
        })
    }

    /// Follows all partitions of a topic. `positions` are the next offsets of a follower that goes on; `from` is for the
    /// others.
    pub async fn follow(
        &self,
        topic: &TopicName,
        from: ReadFrom,
        positions: &[u64],
        endless: bool,
    ) -> Result<Follower> {
        let topic = self.log.topic(topic)?;
        let mut begin = Vec::new();
        for partition in topic.partitions() {
            begin.push(match positions.get(partition.id().partition as usize) {
                Some(next) => *next,
                // A partition that came while the follower was away is new to it from its first record.
                None if !positions.is_empty() => partition.start_offset(),
                None => self.resolve(&partition, from).await?,
            });
        }
        Follower::new(Arc::clone(&self.log), topic, &begin, endless, self.serving.clone())
    }

    /// The newest records of a topic, by their time, among those that are wanted.
    pub async fn newest(
        &self,
        topic: &TopicName,
        count: usize,
        is_wanted: impl Fn(&StoredRecord<'_>) -> bool + Send + std::marker::Sync,
    ) -> Result<Newest> {
        let room = self.log.try_admit()?;
        let topic = self.log.topic(topic)?;
        self.log.newest(&topic, count, room, is_wanted).await
    }

    /// The host's clock.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }
}

/// Plugins.
impl Broker {
    /// A turn to send a component; taken before its body is read.
    pub async fn upload_turn(&self) -> Result<SemaphorePermit<'_>> {
        self.upload_turns.acquire().await.map_err(|_| Error::shutting_down())
    }

    /// Checks and stores a component as a version of the plugin. The flag says whether the version is new.
    pub async fn upload_plugin(&self, name: &PluginName, bytes: Vec<u8>) -> Result<(Artefact, bool)> {
        let _one_at_a_time = self.uploading.lock().await;
        let newest = self.registry.versions(name).ok().and_then(|versions| versions.last().cloned());
        if let Some(known) = self.registry.find_content(name, &bytes).filter(|known| Some(known) == newest.as_ref()) {
            // What is asked for again may be asked for because it was damaged.
            self.registry.keep(&known.version, bytes).await?;
            return Ok((known, false));
        }
        let row = self.registry.inspect(name, bytes, self.clock.now_ms()).await?;
        self.commit(Row::Plugin(row.clone())).await?;
        self.registry.add(row.clone());
        Ok((row, true))
    }

    /// All plugins; the versions of each, oldest first.
    pub fn plugins(&self) -> Vec<Vec<Artefact>> {
        self.registry.list()
    }

    pub fn plugin(&self, name: &PluginName) -> Result<Vec<Artefact>> {
        self.registry.versions(name)
    }

    /// Removes a version, or all of them.
    pub async fn remove_plugin(&self, name: &PluginName, version: Option<&str>) -> Result<()> {
        let _alone = self.using.write().await;
        let _one_at_a_time = self.uploading.lock().await;
        let versions = match version {
            Some(version) => vec![self.registry.resolve(name, Some(version))?],
            None => self.registry.versions(name)?,
        };
        for Artefact { version, .. } in &versions {
            if let Some(user) = self.supervisor.users_of_version(name, version).first() {
                return Err(Error::conflict(
                    "plugin-in-use",
                    format!(
                        "version {} of plugin {name} belongs to deployment {user}; delete that first with DELETE /v1/deployments/{user}",
                        version.short()
                    ),
                ));
            }
        }
        for Artefact { version, .. } in versions {
            self.commit(Row::PluginGone { name: name.clone(), version: version.clone() }).await?;
            self.registry.remove(name, &version).await?;
        }
        Ok(())
    }

    /// Registers every `*.wasm` of a folder under its file's name. One that is no plugin stops the start: whoever named
    /// the folder wants to know.
    async fn register_folder(&self, folder: &std::path::Path) -> Result<()> {
        let unreadable = |error: std::io::Error| {
            Error::internal(format!("the plugin folder {} cannot be read: {error}", folder.display()))
        };
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "wasm") {
                files.push(path);
            }
        }
        files.sort();
        for file in files {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            let context = |error: Error| Error { detail: format!("{}: {}", file.display(), error.detail), ..error };
            let name = PluginName::parse(&name).map_err(context)?;
            let bytes = tokio::fs::read(&file).await.map_err(unreadable)?;
            let (row, new) = self.upload_plugin(&name, bytes).await.map_err(context)?;
            tracing::info!(plugin = %row.name, version = row.version.short(), new, "plugin registered");
        }
        Ok(())
    }

    async fn commit(&self, row: Row) -> Result<()> {
        self.log.commit(Unit { rows: vec![row], ..Unit::default() }).await.map(drop)
    }

    /// Deployments that run a version, or could be rolled back to it.
    pub fn users_of_version(&self, plugin: &PluginName, version: &Version) -> Vec<DeploymentName> {
        self.supervisor.users_of_version(plugin, version)
    }
}

/// Deployments.
impl Broker {
    /// Deploys, or swaps. The flag says whether the deployment is new.
    pub async fn deploy(&self, name: &DeploymentName, request: Request) -> Result<(DeploymentStatus, bool)> {
        let _using = self.using.read().await;
        // Its progress is kept in the group of its name, which is nobody else's from here on.
        self.coordinator.reserve(&group_of(name))?;
        let deployed = self.supervisor.deploy(name, request).await;
        self.coordinator.settle(&group_of(name), true, || self.supervisor.has(name));
        deployed
    }

    /// Whose request this is, by a path that a deployment claims.
    pub fn claimant<'a>(&self, path: &'a str) -> Option<(DeploymentName, &'a str)> {
        self.supervisor.claimant(path)
    }

    /// Whether the deployment takes requests now.
    pub fn check_receives(&self, name: &DeploymentName) -> Result<()> {
        self.supervisor.check_receives(name)
    }

    /// Hands a request to a webhook's plugin. Answers once what came of it is durable.
    pub async fn receive(&self, name: &DeploymentName, request: HookRequest, permit: Permit) -> Result<HookResponse> {
        self.supervisor.receive(name, request, permit).await
    }

    pub fn deployments(&self) -> Result<Vec<DeploymentStatus>> {
        self.supervisor.list()
    }

    pub fn deployment(&self, name: &DeploymentName) -> Result<DeploymentStatus> {
        self.supervisor.status(name)
    }

    pub async fn pause(&self, name: &DeploymentName) -> Result<DeploymentStatus> {
        self.supervisor.pause(name).await
    }

    pub async fn resume(&self, name: &DeploymentName) -> Result<DeploymentStatus> {
        self.supervisor.resume(name).await
    }

    pub async fn promote(&self, name: &DeploymentName) -> Result<DeploymentStatus> {
        let _using = self.using.read().await;
        self.supervisor.promote(name).await
    }

    pub async fn roll_back(&self, name: &DeploymentName) -> Result<DeploymentStatus> {
        let _using = self.using.read().await;
        self.supervisor.roll_back(name).await
    }

    pub async fn delete_deployment(&self, name: &DeploymentName) -> Result<()> {
        self.supervisor.delete(name).await?;
        self.coordinator.settle(&group_of(name), false, || self.supervisor.has(name));
        Ok(())
    }
}

/// State, and pipelines.
impl Broker {
    pub async fn state(&self, name: &DeploymentName, table: &str, query: StateQuery) -> Result<StatePage> {
        let (supervisor, name, table) = (Arc::clone(&self.supervisor), name.clone(), table.to_owned());
        let asked = tokio::task::spawn_blocking(move || supervisor.state(&name, &table, &query));
        asked.await.map_err(|error| Error::internal(error.to_string()))?
    }

    /// Runs a version over a past range, for as long as the answer is wanted.
    pub async fn replay(&self, name: &DeploymentName, request: ReplayRequest) -> Result<Replaying> {
        let turn = Arc::clone(&self.replay_turns).try_acquire_owned().map_err(|_| {
            Error::new(
                Kind::Overloaded,
                "too-many-replays",
                format!("{REPLAYS_MAX} replays are under way; try again when one has ended"),
            )
        })?;
        let _using = self.using.read().await;
        Ok(Replaying { replay: self.supervisor.replay(name, request).await?, _turn: turn })
    }

    /// Makes all deployments of the pipeline, or none.
    pub async fn create_pipeline(
        &self,
        name: &PipelineName,
        requests: Vec<(DeploymentName, Request)>,
    ) -> Result<PipelineStatus> {
        let _using = self.using.read().await;
        let mut reserved = Vec::new();
        let mut refused = None;
        for (deployment, _) in &requests {
            match self.coordinator.reserve(&group_of(deployment)) {
                Ok(()) => reserved.push(deployment.clone()),
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        let created = match refused {
            None => self.supervisor.create_pipeline(name, requests).await,
            Some(error) => Err(error),
        };
        for deployment in reserved {
            self.coordinator.settle(&group_of(&deployment), true, || self.supervisor.has(&deployment));
        }
        created
    }

    pub fn pipelines(&self) -> Result<Vec<PipelineStatus>> {
        self.supervisor.pipelines()
    }

    pub fn pipeline(&self, name: &PipelineName) -> Result<PipelineStatus> {
        self.supervisor.pipeline(name)
    }

    pub async fn delete_pipeline(&self, name: &PipelineName) -> Result<()> {
        for deployment in self.supervisor.delete_pipeline(name).await? {
            self.coordinator.settle(&group_of(&deployment), false, || self.supervisor.has(&deployment));
        }
        Ok(())
    }
}

/// Makes a data folder from what a tier has, and the cold tier where there is one, and from nothing else.
pub async fn restore(
    settings: &TierSettings,
    cold: Option<&TierSettings>,
    data: &Path,
    progress: impl Fn(u64, u64) + Send,
) -> Result<Restored> {
    for named in [Some(settings), cold].into_iter().flatten() {
        if let Some(crate::config::Place::Folder(folder)) = named.place()
            && !folder.is_dir()
        {
            return Err(Error::invalid("nothing-to-restore", format!("there is no folder {}", folder.display())));
        }
    }
    std::fs::create_dir_all(data)
        .map_err(|error| Error::internal(format!("the data folder {} cannot be made: {error}", data.display())))?;
    // The folder beside the database is its own place; everything else was named in the configuration.
    let is_own = settings.place() == Some(crate::config::Place::Folder(absolute(&data.join(FOLDER))));
    let mut tiers = vec![(if is_own { Place::Folder } else { Place::Bucket }, Tier::named(settings)?)];
    if let Some(cold) = cold {
        tiers.push((Place::Cold, Tier::named(cold)?));
    }
    // Under another name until it is whole: a restore that broke off is begun again.
    let (incomplete, database) = (data.join("restore.redb"), data.join(DATABASE));
    let failed = |error: std::io::Error| Error::internal(format!("{}: {error}", incomplete.display()));
    if incomplete.exists() {
        std::fs::remove_file(&incomplete).map_err(failed)?;
    }
    let store = Arc::new(Store::open(&incomplete)?);
    let restored = crate::log::restore(&store, &tiers, random(), progress).await;
    drop(store);
    let restored = match restored {
        Ok(restored) => restored,
        Err(error) => {
            std::fs::remove_file(&incomplete).map_err(failed)?;
            return Err(error);
        }
    };
    std::fs::rename(&incomplete, &database).map_err(failed)?;
    std::fs::File::open(data).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(restored)
}

/// A new database would give the topics of an old one's segments to others, and take the segments for its own.
fn refuse_orphans(data: &Path) -> Result<()> {
    let topics = data.join(FOLDER).join("topics");
    let has_topics = std::fs::read_dir(&topics).is_ok_and(|mut entries| entries.next().is_some());
    if has_topics && !data.join(DATABASE).exists() {
        let data = data.display();
        return Err(Error::invalid(
            "database-missing",
            format!(
                "{} has segments, and {data} has no {DATABASE}; bring that back, or make it anew with kafka-do restore --from file://{} --data {data}",
                topics.display(),
                absolute(topics.parent().unwrap_or(&topics)).display()
            ),
        ));
    }
    Ok(())
}

const DATABASE: &str = "head.redb";
const FOLDER: &str = "tier";

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A number that no other host has.
fn random() -> u64 {
    // The standard library's own source of randomness: seeded by the system, and hashed.
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}
