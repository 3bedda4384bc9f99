//! Every bound of the host, by name. Units stand last. A bound that a caller can run into is quoted in the error it gets.

/// Longest name of a topic (Kafka's own bound, so that names move freely between the two).
pub const TOPIC_NAME_CHARS_MAX: usize = 249;
/// Longest name of a group, a deployment or a plugin.
pub const NAME_CHARS_MAX: usize = 100;
/// Partitions that a topic may have.
pub const TOPIC_PARTITIONS_MAX: u32 = 10_000;
/// Partitions of all topics together: each costs memory for its tail and its row.
pub const PARTITIONS_MAX: u64 = 100_000;
/// Partitions of a topic created without a number.
pub const TOPIC_PARTITIONS_DEFAULT: u32 = 1;

/// Largest request body of a produce.
pub const BODY_BYTES_MAX: usize = 16 << 20;
/// Largest body of any other call in JSON.
pub const JSON_BYTES_MAX: usize = 1 << 20;
/// Components that may be uploaded at once; the next one waits before its body is read.
pub const UPLOADS_MAX: usize = 2;
/// Largest component that can be uploaded.
pub const COMPONENT_BYTES_MAX: usize = 64 << 20;
/// Key, value and headers of one record together.
pub const RECORD_BYTES_MAX: usize = 8 << 20;
/// Records in one produce request.
pub const PRODUCE_RECORDS_MAX: usize = 50_000;
/// What a record costs in memory beside its bytes while it waits.
pub const RECORD_COST_BYTES: usize = 112;
/// Headers of one record.
pub const RECORD_HEADERS_MAX: usize = 256;
/// Farthest that a record's timestamp may lie from the epoch, in either direction: 9999-12-31.
pub const TIMESTAMP_MS_MAX: i64 = 253_402_300_799_999;

/// Bytes of produce requests that may be in memory at once, from the reading of the body to the commit. A request that
/// does not fit is answered 429 at once: a queue that only grows helps nobody.
pub const IN_FLIGHT_BYTES_MAX: usize = 128 << 20;
/// What is read and thrown away of a refused body, so that the sender gets to see the refusal.
pub const REFUSED_BODY_BYTES_MAX: usize = 64 << 20;
pub const REFUSED_BODY_MS_MAX: u64 = 5_000;
/// What a request is taken to cost beside its body: its records' bookkeeping.
pub const IN_FLIGHT_OVERHEAD_BYTES: usize = 4 << 10;
/// Units that may wait for the writer.
pub const WRITER_QUEUE_UNITS_MAX: usize = 4_096;
/// Bytes after which the writer commits, however many units still wait.
pub const COMMIT_BYTES_MAX: usize = 8 << 20;
/// A round of so many units is followed by another one on the writer's own thread.
pub const CROWD_UNITS: usize = 4;
/// Appends below this size are merged with their neighbours into one batch; larger ones are encoded by their sender.
pub const MERGE_BYTES_MAX: usize = 16 << 10;
/// A merged batch is closed at this size.
pub const BATCH_BYTES_TARGET: usize = 1 << 20;
/// What a batch may have before its compression: a request, an outcome or a merge, and its records' framing.
pub const BATCH_PLAIN_BYTES_MAX: usize = 64 << 20;
/// What a refused request is told to wait.
pub const RETRY_AFTER_MS: u64 = 1_000;

/// Memory for redb's page cache.
pub const STORE_CACHE_BYTES: usize = 256 << 20;
/// Memory for the newest batches of all partitions together, from which readers at the tail are fed.
pub const TAIL_BYTES_MAX: usize = 64 << 20;
/// What a batch costs there beside its bytes.
pub const TAIL_BATCH_COST_BYTES: usize = 128;

/// Batches that wait in the head for their segment, over all partitions, before the largest are sealed early. A small head
/// is what makes a restart quick: after a crash the database is walked through once.
pub const HEAD_BYTES_DEFAULT: u64 = 256 << 20;
pub const HEAD_BYTES_MIN: u64 = 16 << 20;
pub const HEAD_BYTES_MAX: u64 = 16 << 30;
/// Appends wait once the head holds this many times its bound, until the tier has caught up; and for this long at most.
pub const HEAD_OVERFLOW_FACTOR: u64 = 2;
pub const HEAD_WAIT_MS_MAX: u64 = 10_000;
/// A partition's head is sealed at this size. A segment is built in memory and sent in one piece, hence the bound.
pub const SEGMENT_BYTES_DEFAULT: u64 = 16 << 20;
pub const SEGMENT_BYTES_MIN: u64 = 64 << 10;
pub const SEGMENT_BYTES_MAX: u64 = 64 << 20;
/// And at this age.
pub const SEGMENT_MS_DEFAULT: u64 = 600_000;
pub const SEGMENT_MS_MIN: u64 = 100;
/// A segment's index has an entry every so many bytes: what a reader fetches from a tier at once.
pub const SEGMENT_BLOCK_BYTES: usize = 512 << 10;
/// Memory for blocks and indexes of segments that were read lately.
pub const SEGMENT_CACHE_BYTES_MAX: u64 = 64 << 20;
/// Blocks that are fetched ahead of a reader who reads on.
pub const READ_AHEAD_BLOCKS: usize = 2;
/// How often the host looks what is due: sealing, retention, compaction, moves.
pub const UPKEEP_MS: u64 = 500;
/// And what costs a look at every partition.
pub const UPKEEP_SLOW_MS: u64 = 5_000;
/// How often the host looks whether its tiers are still its own.
pub const CLAIM_MS: u64 = 60_000;
/// Bytes of segments that are built and sent at once, all of them in memory; and how many segments.
pub const SEALING_BYTES_MAX: usize = 96 << 20;
pub const SEALS_AT_ONCE: usize = 16;
/// Objects that one turn of upkeep deletes, and how many of them at once.
pub const GARBAGE_BATCH: usize = 256;
pub const GARBAGE_AT_ONCE: usize = 16;
/// How long compaction keeps the deletion of a key, unless a topic says otherwise (Kafka's delete.retention.ms).
pub const TOMBSTONE_RETENTION_MS_DEFAULT: u64 = 86_400_000;
/// Keys whose latest offset one pass of compaction remembers: 32 bytes each, and up to as much again for the map.
pub const COMPACTION_KEYS_MAX: usize = 1_000_000;
/// Of a partition's segments this part, in percent of the bytes, must be new before they are compacted.
pub const COMPACTION_DIRTY_PERCENT: u64 = 50;

/// The database is not written to when the disk has less than this left: reads, restarts and deletions need room to work.
pub const DISK_RESERVE_BYTES: u64 = 64 << 20;
/// After an I/O error: how often the database is tried to be opened anew.
pub const HEAL_MS: u64 = 1_000;
/// A sync interval that a host may be told.
pub const SYNC_INTERVAL_MS_MIN: u64 = 1;
pub const SYNC_INTERVAL_MS_MAX: u64 = 10_000;

/// Producers that the host knows; where there are more, those that were silent for an hour are forgotten, and new ones wait.
pub const PRODUCERS_MAX: u64 = 100_000;
/// Requests of one producer to one topic that are remembered (Kafka remembers five batches).
pub const PRODUCER_REQUESTS_KEPT: usize = 5;
/// Idempotency keys that are remembered, and for how long.
pub const IDEMPOTENCY_KEYS_MAX: u64 = 100_000;
/// What their answers may take up in the database.
pub const IDEMPOTENCY_BYTES_MAX: u64 = 32 << 20;
/// Runs of records to one partition that a request may have which is remembered: records that change partition all the time
/// make long answers.
pub const IDEMPOTENCY_RUNS_MAX: usize = 4_096;
pub const IDEMPOTENCY_KEY_MS_MAX: i64 = 86_400_000;
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// Offsets that one transaction commits.
pub const TRANSACTION_OFFSETS_MAX: usize = 10_000;

/// Groups that the host keeps, and members of one and of all of them together.
pub const GROUPS_MAX: usize = 100_000;
pub const GROUP_MEMBERS_MAX: usize = 2_000;
pub const MEMBERS_MAX: usize = 20_000;
/// Topics that a subscription names, and the characters of a pattern.
pub const SUBSCRIPTION_TOPICS_MAX: usize = 1_000;
pub const PATTERN_CHARS_MAX: usize = 1_000;
/// Memory of a compiled pattern, and again of what it keeps while it is matched.
pub const PATTERN_BYTES_MAX: usize = 64 << 10;
/// A member that is silent for so long is taken for dead.
pub const SESSION_MS_DEFAULT: u64 = 30_000;
pub const SESSION_MS_MIN: u64 = 500;
pub const SESSION_MS_MAX: u64 = 1_800_000;
/// A member is to be heard so many times within its session.
pub const HEARTBEATS_A_SESSION: u64 = 3;
/// A member that is heard, and neither polls nor commits for so long, loses what it holds until it polls again (Kafka's
/// max.poll.interval.ms).
pub const POLL_INTERVAL_MS_DEFAULT: u64 = 300_000;
pub const POLL_INTERVAL_MS_MIN: u64 = 500;
pub const POLL_INTERVAL_MS_MAX: u64 = 86_400_000;
/// Partitions that one batch of a group has records of: a token names each.
pub const LEASE_PARTITIONS_MAX: usize = 100;
/// What is read of one partition before the next has its turn, where a member has several.
pub const POLL_CHUNK_BYTES: usize = 256 << 10;
/// Plain bytes of a batch that is handed out a second time: what a poll brings at most, with what stands around it.
pub const BATCH_AGAIN_BYTES_MAX: usize = 128 << 20;
/// Offsets that one commit or acknowledgement names.
pub const COMMIT_OFFSETS_MAX: usize = 10_000;
/// How often the host looks which sessions and leases are over.
pub const GROUP_TICK_MS: u64 = 100;
/// How often it looks which groups have been without members for too long; and for how long is too long unless told.
pub const GROUP_RETENTION_CHECK_MS: u64 = 60_000;
pub const GROUP_RETENTION_MS_DEFAULT: u64 = 604_800_000;
pub const GROUP_RETENTION_MS_MIN: u64 = 1_000;
pub const GROUP_RETENTION_MS_MAX: u64 = 315_360_000_000;
/// Whoever moves an offset waits for one that is on its way already: for so long at most, with a look so often.
pub const MOVE_WAIT_MS_MAX: u64 = 10_000;
pub const MOVE_LOOK_MS: u64 = 10;
/// Records of one partition that a share group has under way or has acknowledged out of order (Kafka's
/// group.share.partition.max.record.locks).
pub const SHARE_WINDOW_RECORDS_MAX: usize = 2_000;
/// How long a share group's member has for a record, and how often a record is tried before it is a dead letter.
pub const SHARE_LOCK_MS_DEFAULT: u64 = 30_000;
pub const SHARE_LOCK_MS_MIN: u64 = 100;
pub const SHARE_LOCK_MS_MAX: u64 = 3_600_000;
pub const SHARE_DELIVERIES_DEFAULT: u16 = 5;
pub const SHARE_DELIVERIES_MAX: u16 = 1_000;
/// Partitions of which a description of a group looks up how old the lag is, all at once.
pub const LAG_READS_AT_ONCE: usize = 16;
/// Groups whose lag stands in the metrics: those with members, by name.
pub const GROUP_METRICS_MAX: usize = 1_000;

/// What a fetch returns at most, and what it returns unless told.
pub const FETCH_BYTES_MAX: usize = 16 << 20;
pub const FETCH_BYTES_DEFAULT: usize = 1 << 20;
pub const FETCH_RECORDS_MAX: usize = 50_000;
pub const FETCH_RECORDS_DEFAULT: usize = 500;
/// Longest that a poll may wait for records.
pub const POLL_WAIT_MS_MAX: u64 = 60_000;
/// What a follower reads from one partition before the next has its turn, and what is written for it at once.
pub const FOLLOW_CHUNK_BYTES: usize = 256 << 10;
pub const FOLLOW_WRITE_BYTES: usize = 1 << 20;
/// A follower that hears nothing for this long gets a keep-alive (SSE only).
pub const FOLLOW_KEEP_ALIVE_MS: u64 = 15_000;
/// A follower that ends at a time looks at the clock this often at least: clocks are set.
pub const FOLLOW_CLOCK_LOOK_MS: u64 = 30_000;
/// Conditions of one read, and the characters of each.
pub const CONDITIONS_MAX: usize = 16;
pub const CONDITION_CHARS_MAX: usize = 1_000;
/// The newest records that one call may ask for, and what they may take up: they are in memory at once.
pub const NEWEST_RECORDS_MAX: usize = 10_000;
pub const NEWEST_BYTES_MAX: usize = 32 << 20;
/// How many offsets the search for the newest records goes back at once: first, and at most.
pub const NEWEST_STEP_OFFSETS_MIN: u64 = 1_000;
pub const NEWEST_STEP_OFFSETS_MAX: u64 = 100_000;
/// Sentences that the prompt of `kafka-do ask` remembers.
pub const ASK_HISTORY_MAX: usize = 1_000;
/// Entries of a page of any list.
pub const PAGE_ENTRIES_MAX: usize = 1_000;

/// Connections served at once; the next one waits in the kernel's backlog.
pub const CONNECTIONS_MAX: usize = 10_000;
/// A client must send its request head within this time.
pub const REQUEST_HEAD_MS_MAX: u64 = 30_000;
/// A client must send its request body within this time.
pub const REQUEST_BODY_MS_MAX: u64 = 60_000;
/// What a graceful shutdown waits for requests in flight.
pub const SHUTDOWN_MS_MAX: u64 = 10_000;

/// One operation on a tier, before it counts as failed, and how often it is tried.
pub const TIER_OPERATION_MS_MAX: u64 = 60_000;
pub const TIER_TRIES_MAX: usize = 4;

/// Memory of one plugin instance.
pub const INSTANCE_MEMORY_BYTES_MAX: usize = 128 << 20;
/// Memory of all plugin instances together. An instance that wants more than is left traps, and its task tries again.
pub const INSTANCES_MEMORY_BYTES_MAX: usize = 4 << 30;
/// Elements of one table (function pointers) of an instance.
pub const INSTANCE_TABLE_ELEMENTS_MAX: usize = 100_000;
/// The stack of one instance, and that of its fiber, which the host's own calls need a part of. Interpreters in a sandbox
/// recurse deep.
pub const INSTANCE_STACK_BYTES_MAX: usize = 2 << 20;
pub const INSTANCE_FIBER_BYTES: usize = 3 << 20;
/// Core modules that one component may bring: its own, and small ones that tie it to its imports (Python: 38).
pub const INSTANCE_MODULES_MAX: u32 = 64;
/// Instances alive at once, over all deployments; a swap needs one more for a moment.
pub const INSTANCES_MAX: u32 = 2_000;
/// The fuel of lifting: bytes that the host allocates at most for what one call returns or passes to an import.
pub const CALL_LIFT_BYTES_MAX: usize = 64 << 20;
/// One call into a plugin.
pub const CALL_MS_MAX: u64 = 5_000;
/// One call into a sink or a source, which waits for others.
pub const CONNECTOR_CALL_MS_MAX: u64 = 60_000;
/// One `describe`, in the empty sandbox.
pub const DESCRIBE_MS_MAX: u64 = 1_000;
/// The beat of epoch interruption: a busy guest yields to the other tasks once a beat.
pub const EPOCH_MS: u64 = 5;
/// Turns of tasks after which a thread looks for what sockets and timers brought.
pub const EVENT_INTERVAL: u32 = 2;
/// Records that one call may emit, and their bytes.
pub const OUTCOME_RECORDS_MAX: usize = 100_000;
pub const OUTCOME_BYTES_MAX: usize = 32 << 20;
/// Conditions by which a plugin narrows its input.
pub const NARROWING_CONDITIONS_MAX: usize = 16;
/// What is kept of a reason that a plugin gives.
pub const REASON_BYTES_MAX: usize = 2 << 10;
/// What a plugin may say of itself.
pub const DESCRIPTION_BYTES_MAX: usize = 256 << 10;
pub const STATE_TABLES_MAX: usize = 64;
/// Settings of a deployment.
pub const SETTINGS_BYTES_MAX: usize = 256 << 10;
/// State keys and values, what one call may stage, and what one scan may return.
pub const STATE_KEY_BYTES_MAX: usize = 4 << 10;
pub const STATE_VALUE_BYTES_MAX: usize = 4 << 20;
pub const STATE_STAGED_BYTES_MAX: usize = 32 << 20;
pub const STATE_KEYS_MAX: usize = 100_000;
pub const STATE_GET_BYTES_MAX: usize = 16 << 20;
pub const STATE_SCAN_ENTRIES_MAX: u32 = 10_000;
pub const STATE_SCAN_BYTES_MAX: usize = 16 << 20;
/// State of a replay, which is kept in memory.
pub const SCRATCH_STATE_BYTES_MAX: usize = 256 << 20;
/// Internal topics of one deployment.
pub const INTERNAL_TOPICS_MAX: usize = 1;
/// Log lines that a plugin may write in one call, and the bytes of one; more is counted and dropped.
pub const LOG_LINES_MAX: u32 = 100;
pub const LOG_LINE_BYTES_MAX: usize = 8 << 10;

/// What a task reads of one input for one step: enough that a commit costs little a record.
pub const TASK_BATCH_BYTES_MAX: usize = 1 << 20;
pub const TASK_BATCH_RECORDS_MAX: usize = 5_000;
/// A failing task tries again after the first wait, which doubles up to the second.
pub const TASK_RETRY_MS_MIN: u64 = 50;
pub const TASK_RETRY_MS_MAX: u64 = 30_000;
/// Failures in a row after which a new generation in its trial is rolled back, and after which a batch is taken a record
/// at a time, to find the record that does it.
pub const TASK_FAILURES_MAX: u32 = 3;
/// How long a new generation is on trial.
pub const TRIAL_MS: i64 = 60_000;
/// Generations and failures that a deployment remembers.
pub const GENERATIONS_KEPT: usize = 100;
pub const FAILURES_KEPT: usize = 20;
/// Versions of one plugin, and deployments of the host.
pub const PLUGIN_VERSIONS_MAX: usize = 1_000;
pub const DEPLOYMENTS_MAX: usize = 2_000;
/// Names of secrets, how many of them settings may name, and the file that they come from.
pub const SECRET_NAME_CHARS_MAX: usize = 100;
pub const SETTINGS_SECRETS_MAX: usize = 100;
pub const SECRETS_FILE_BYTES_MAX: u64 = 1 << 20;
/// Hosts that one deployment is granted.
pub const GRANTED_HOSTS_MAX: usize = 100;
/// Prefixes of topics that one deployment is granted, and topics that it may bring into being under them.
pub const GRANTED_PREFIXES_MAX: usize = 10;
pub const PREFIXED_TOPICS_MAX: usize = 1_000;
/// Input topics of one deployment.
pub const DEPLOYMENT_INPUTS_MAX: usize = 16;
pub const GRANTED_TOPICS_MAX: usize = 100;
/// What one step emits before it commits, though it has read more; the last call may go beyond. And how long it goes on with
/// calls.
pub const STEP_BYTES_MAX: usize = 16 << 20;
pub const STEP_RECORDS_MAX: usize = 100_000;
pub const STEP_MS_MAX: u64 = 1_000;
/// Steps of one deployment that are under way at once: no deployment takes the turns of all others.
pub const DEPLOYMENT_STEPS_MAX: usize = 4;
/// The soonest that a plugin is called again because it asked to.
pub const WAKE_MS_MIN: i64 = 10;
/// Partitions of an input that is replayed, and what one record may set off there.
pub const REPLAY_PARTITIONS_MAX: usize = 128;
pub const REPLAY_STEPS_MAX: usize = 10_000;
/// Calls that one step makes at most, where inputs take turns.
pub const TASK_RUNS_MAX: usize = 512;
/// A task that has had nothing to do for this long gives its instance back.
pub const INSTANCE_IDLE_MS: u64 = 30_000;
/// Records of an internal topic that have been read are deleted so many at a time.
pub const INTERNAL_PURGE_RECORDS: u64 = 50_000;
/// A task looks at the clock this often at least, for a call that its plugin asked for: clocks are set.
pub const WAKE_LOOK_MS: u64 = 30_000;
/// How long a canary is watched: unless told, and at most.
pub const CANARY_MS_DEFAULT: u64 = 30_000;
pub const CANARY_MS_MAX: u64 = 86_400_000;
/// By how much the output per record of a canary may differ, unless told; and how much larger its share of rejected records
/// may be.
pub const CANARY_TOLERANCE_PERCENT_DEFAULT: u32 = 50;
pub const CANARY_REJECTED_PERCENT_MAX: u64 = 5;
/// Records that a canary must have seen before its rates count.
pub const CANARY_RECORDS_MIN: u64 = 100;
/// How often a canary is looked at.
pub const CANARY_LOOK_MS: u64 = 250;
/// Deployments of one pipeline, and pipelines of the host.
pub const PIPELINE_DEPLOYMENTS_MAX: usize = 50;
pub const PIPELINES_MAX: usize = 1_000;
/// Entries that a query of state answers, and their bytes.
pub const STATE_QUERY_ENTRIES_MAX: usize = 1_000;
pub const STATE_QUERY_BYTES_MAX: usize = 8 << 20;
/// What a replay reads of one partition at once, how often it tells how far it is, and how many differences it shows.
pub const REPLAY_CHUNK_BYTES: usize = 64 << 10;
pub const REPLAY_PROGRESS_RECORDS: u64 = 1_000;
pub const REPLAY_SHOWN_MAX: u64 = 100_000;
pub const REPLAY_SHOWN_DEFAULT: u64 = 1_000;
/// State that is restored from a changelog goes into the store in pieces of this size.
pub const REBUILD_BYTES: usize = 4 << 20;
/// A call of a query gets so many records at first, and then as many as take about so long.
pub const QUERY_CALL_RECORDS_FIRST: usize = 16;
pub const QUERY_CALL_RECORDS_MAX: usize = 256;
pub const QUERY_CALL_MS: u64 = 50;
/// What is read for a query at once, ahead of it: so many stretches, each of so many offsets and bytes at most, and what they
/// have together.
pub const QUERY_STRETCHES_AHEAD: usize = 4;
pub const QUERY_STRETCH_OFFSETS: u64 = 8_192;
/// The same where several partitions are put in the order of time: what comes of one waits for the others.
pub const QUERY_STRETCH_OFFSETS_SHARED: u64 = 512;
pub const QUERY_WAITING_BYTES_MAX: usize = 128 << 20;
pub const QUERY_STRETCH_BYTES_MAX: usize = 1 << 20;
pub const QUERY_AHEAD_BYTES: usize = 16 << 20;
/// Partitions that a query may read: it waits for the slowest.
pub const QUERY_PARTITIONS_MAX: usize = 128;
/// Queries that run at once, how long one waits for its turn, how long one may work, and how long what it found waits for its
/// client to read.
pub const QUERIES_MAX: usize = 32;
pub const QUERY_TURN_MS_MAX: u64 = 10_000;
pub const QUERY_MS_MAX: u64 = 300_000;
pub const QUERY_CLIENT_MS_MAX: u64 = 120_000;
/// How long the answer of a query is put off for its first record, which may be an error.
pub const QUERY_FIRST_MS_MAX: u64 = 1_000;
/// Pieces of an answer that wait for a client to read.
pub const QUERY_PIECES_WAITING: usize = 2;
/// Replays that run at once.
pub const REPLAYS_MAX: usize = 4;
/// Steps (a read, a call and a commit) that all tasks together have under way; the others wait their turn.
pub const TASK_STEPS_MAX: usize = 32;
/// Steps of sinks, which wait for others: they have turns of their own, all together and one deployment.
pub const SINK_STEPS_MAX: usize = 64;
pub const SINK_DEPLOYMENT_STEPS_MAX: usize = 16;
/// What a source may hand over in one poll.
pub const POLL_RECORDS_MAX: u32 = 10_000;
pub const POLL_BYTES_MAX: u64 = 8 << 20;
/// Polls that all sources together have under way.
pub const POLLS_MAX: usize = 64;
/// How long a sink or a source is left alone at least where it did nothing, and at most.
pub const HOLD_MS_MIN: u64 = 10;
pub const HOLD_MS_MAX: u64 = 3_600_000;
/// Body and head of a request that a webhook is given, and how long its body may take to come. A record that has such a body
/// for its value has room for its key and its headers.
pub const HOOK_BODY_BYTES_MAX: usize = 7 << 20;
pub const HOOK_HEADERS_MAX: usize = 200;
pub const HOOK_BODY_MS_MAX: u64 = 10_000;
/// Requests in the instances of one webhook or parser at once; requests that wait for a place there, and how long. The next
/// one is told to come again.
pub const DESK_CALLS_MAX: usize = 8;
pub const DESK_WAITING_MAX: usize = 2_000;
pub const DESK_WAIT_MS_MAX: u64 = 10_000;
/// What a webhook may answer.
pub const HOOK_ANSWER_BYTES_MAX: usize = 1 << 20;
/// Longest path that a deployment may claim, and longest id of an event.
pub const HOOK_PATH_CHARS_MAX: usize = 200;
pub const HOOK_ID_BYTES_MAX: usize = 255;
/// Ids of events that all webhooks together remember, and for how long; where there are more, the oldest go first.
pub const HOOK_IDS_MAX: u64 = 500_000;
pub const HOOK_ID_MS_MAX: i64 = 259_200_000;
/// Deliveries that a connector remembers, for people to look at.
pub const DELIVERIES_KEPT: usize = 20;
/// What connectors send: requests of all and of one instance at once; how long a connection may take, how long a connection is kept for the next request, and how many to a host.
pub const EGRESS_REQUESTS_MAX: usize = 512;
pub const INSTANCE_REQUESTS_MAX: usize = 64;
/// Things of WASI (requests, bodies, streams, timers) that one instance may have at once.
pub const INSTANCE_RESOURCES_MAX: usize = 4_096;
pub const EGRESS_CONNECT_MS_MAX: u64 = 10_000;
pub const EGRESS_IDLE_MS: u64 = 30_000;
pub const EGRESS_IDLE_CONNECTIONS_MAX: usize = 32;
/// Commands that may wait for one task.
pub const TASK_COMMANDS_MAX: usize = 16;

/// A sentence that a parser is put before, and what it is told of what exists: so many names of each kind.
pub const ASK_TEXT_BYTES_MAX: usize = 4 << 10;
pub const ASK_CATALOG_MAX: usize = 10_000;
/// Farthest that a speaker's clock may stand from UTC.
pub const ASK_UTC_OFFSET_MINUTES_MAX: i32 = 1_440;
/// Readings of one sentence, suggestions of one question, and the text of each.
pub const ASK_INTERPRETATIONS_MAX: usize = 8;
pub const ASK_SUGGESTIONS_MAX: usize = 8;
pub const ASK_WORDS_BYTES_MAX: usize = 2 << 10;
/// Conditions, input topics, and any one text (a value, settings) of a command.
pub const ASK_CONDITIONS_MAX: usize = 16;
pub const ASK_TOPICS_MAX: usize = DEPLOYMENT_INPUTS_MAX;
pub const ASK_FIELD_BYTES_MAX: usize = 64 << 10;
/// Records of a topic that a command's result shows, and their bytes.
pub const ASK_RECORDS_MAX: usize = 1_000;
pub const ASK_RESULT_BYTES_MAX: usize = 4 << 20;
/// How many there are where the stream itself would wait for new ones, and how long it looks for those that are wanted.
pub const ASK_NEWEST: u32 = 10;
pub const ASK_PEEK_MS_MAX: u64 = 10_000;
/// A parser that is less sure has to be confirmed.
pub const ASK_CONFIDENCE_MIN: u8 = 50;
