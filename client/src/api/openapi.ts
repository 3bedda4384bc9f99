/** Written by scripts/openapi.js; do not edit. */

export interface paths {
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process answers. */
        get: operations["get_healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/hooks/{deployment}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A request for a webhook: any method, and any path below this one.
         * @description What it means is the plugin's: which senders it believes, what it stores, and what it answers. The answer leaves once the
         *     records are durable. A deployment that takes no requests now answers 503, with Retry-After.
         */
        get: operations["get_hooks_deployment"];
        /**
         * A request for a webhook: any method, and any path below this one.
         * @description What it means is the plugin's: which senders it believes, what it stores, and what it answers. The answer leaves once the
         *     records are durable. A deployment that takes no requests now answers 503, with Retry-After.
         */
        put: operations["put_hooks_deployment"];
        /**
         * A request for a webhook: any method, and any path below this one.
         * @description What it means is the plugin's: which senders it believes, what it stores, and what it answers. The answer leaves once the
         *     records are durable. A deployment that takes no requests now answers 503, with Retry-After.
         */
        post: operations["post_hooks_deployment"];
        /**
         * A request for a webhook: any method, and any path below this one.
         * @description What it means is the plugin's: which senders it believes, what it stores, and what it answers. The answer leaves once the
         *     records are durable. A deployment that takes no requests now answers 503, with Retry-After.
         */
        delete: operations["delete_hooks_deployment"];
        /**
         * A request for a webhook: any method, and any path below this one.
         * @description What it means is the plugin's: which senders it believes, what it stores, and what it answers. The answer leaves once the
         *     records are durable. A deployment that takes no requests now answers 503, with Retry-After.
         */
        options: operations["options_hooks_deployment"];
        /**
         * A request for a webhook: any method, and any path below this one.
         * @description What it means is the plugin's: which senders it believes, what it stores, and what it answers. The answer leaves once the
         *     records are durable. A deployment that takes no requests now answers 503, with Retry-After.
         */
        head: operations["head_hooks_deployment"];
        /**
         * A request for a webhook: any method, and any path below this one.
         * @description What it means is the plugin's: which senders it believes, what it stores, and what it answers. The answer leaves once the
         *     records are durable. A deployment that takes no requests now answers 503, with Retry-After.
         */
        patch: operations["patch_hooks_deployment"];
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Metrics for Prometheus. */
        get: operations["get_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Requests are welcome: 503 once a shutdown has begun. */
        get: operations["get_readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ask": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say in plain words what is to be done.
         * @description The answer says how the sentence was read, and which calls of this API it is equal to. Unless it is a dry run they were made,
         *     and `result` is what the last one answered; a stream is not opened: `result` has the records that are there, or how the
         *     group stands. With `Accept: application/x-ndjson` or `text/event-stream` the answer is the stream itself.
         *
         *     What deletes, moves a group, shortens a retention, spreads keys anew, swaps a deployment, reaches outside, or was read without
         *     being sure, is run with `confirm` only. A dry run of what cannot be done as things stand says so in `problem`.
         */
        post: operations["post_ask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All deployments, by name. */
        get: operations["get_deployments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{deployment}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One deployment: its generations and what each processed, its tasks and their lag, its failures. */
        get: operations["get_deployments_deployment"];
        /**
         * Deploy, or swap what runs under the name for another plugin, version or settings.
         * @description The new generation is compiled, checked and tried beside the running one, then takes over between two calls, partition
         *     by partition; the answer says at which offset and how long each stood still. What is refused changes nothing.
         */
        put: operations["put_deployments_deployment"];
        post?: never;
        /** Stop the tasks and take the deployment out, with its state and its progress. Topics stay. */
        delete: operations["delete_deployments_deployment"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{deployment}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pause: the answer comes once no task is in a call any more. */
        post: operations["post_deployments_deployment_pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{deployment}/promote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Go on with the canary on all partitions now. */
        post: operations["post_deployments_deployment_promote"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{deployment}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run a version over a past range, beside the one that runs.
         * @description Both run in sandboxes, a record a call, with a state of their own that is empty at first; nothing is written anywhere.
         *     The answer is NDJSON: `{"difference": {"topic", "partition", "record", "before", "after"}}` for each input record of
         *     which they make something different (`before` is left out without a comparison), `{"progress": {"records", "of"}}` now
         *     and then, and `{"summary": {...}}` at the end. What a version made of a record is `{"records", "rejected"?, "failed"?}`.
         */
        post: operations["post_deployments_deployment_replay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{deployment}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Go on, after a pause or a failure. */
        post: operations["post_deployments_deployment_resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{deployment}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Return to the generation before; a canary that is under way ends. */
        post: operations["post_deployments_deployment_rollback"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/deployments/{deployment}/state/{table}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the state of a deployment.
         * @description Rows are `{"partition", "key", "value"}` in the order of keys, as last committed. A key is text where it is, else
         *     `{"$base64": "..."}`; a value is JSON where it parses, else the same. By `key`, the answer is one row or none, looked for
         *     first in the partition where a record with this key is.
         */
        get: operations["get_deployments_deployment_state_table"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All groups, by name; those of deployments among them. */
        get: operations["get_groups"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups/{group}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One group: its members and what each has, and how far it is behind in each partition. */
        get: operations["get_groups_group"];
        put?: never;
        post?: never;
        /** Delete a group and its offsets. One with members is refused. */
        delete: operations["delete_groups_group"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups/{group}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Join a group, which is made where there is none.
         * @description Partitions are handed over as they become free: what somebody holds a batch of stays until that is committed.
         */
        post: operations["post_groups_group_members"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups/{group}/members/{member}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Leave a group. What the member holds goes to the others. */
        delete: operations["delete_groups_group_members_member"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups/{group}/members/{member}/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Share mode: accept, release, reject or renew records, each by itself. All of the call, or nothing. What is accepted already
         *     may be accepted again.
         */
        post: operations["post_groups_group_members_member_acknowledge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups/{group}/members/{member}/commit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Commit a batch, or offsets. Answers once that is on the disk.
         * @description What the member does not have any more is refused, and nothing of it is committed; the problem has the `epoch` and the
         *     `assignment` that hold now. A commit may be repeated.
         */
        post: operations["post_groups_group_members_member_commit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups/{group}/members/{member}/heartbeat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Say that the member is there, while it works on a batch. */
        post: operations["post_groups_group_members_member_heartbeat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups/{group}/members/{member}/poll": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a batch under a lease. This is the member's heartbeat.
         * @description A member has one batch at a time: until that is committed, or its lease ends, polls answer the same batch again, so a
         *     lost answer loses nothing.
         */
        post: operations["post_groups_group_members_member_poll"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups/{group}/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Move a group to other offsets. Refused while it has members, unless forced. */
        post: operations["post_groups_group_reset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/groups/{group}/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Join, and read batch after batch for as long as the connection is open.
         * @description Each item is a record with its `topic`, `partition`, `offset`, `timestamp`, `key`, `value`, `headers`, and the `member_id`
         *     and the `token` that it is committed by: `POST /v1/groups/{group}/members/{member_id}/commit` with `{"token"}` or with
         *     offsets. The next batch comes once that is done. As NDJSON an item is a line; with `Accept: text/event-stream` it is an
         *     event. The header `kafka-do-member-id` is there before the first item. The member leaves when the connection ends.
         */
        get: operations["get_groups_group_stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/pipelines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All pipelines, by name. */
        get: operations["get_pipelines"];
        put?: never;
        /**
         * Deploy several plugins as one.
         * @description All deployments are made in one transaction, or none. A topic that one writes and another reads is made where it is
         *     missing, with as many partitions as its writer's inputs.
         */
        post: operations["post_pipelines"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/pipelines/{pipeline}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One pipeline: the state and the lag of the whole, and each of its deployments. */
        get: operations["get_pipelines_pipeline"];
        put?: never;
        post?: never;
        /** Stop all its deployments and take them out as one, with their state and their progress. Topics stay. */
        delete: operations["delete_pipelines_pipeline"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/plugins": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All plugins, by name. */
        get: operations["get_plugins"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/plugins/{plugin}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One plugin. */
        get: operations["get_plugins_plugin"];
        /**
         * Upload a component as the newest version of a plugin. It is compiled, checked, and asked to describe itself; what is
         *     refused leaves nothing behind.
         */
        put: operations["put_plugins_plugin"];
        post?: never;
        /** Remove a plugin with all its versions. Versions of deployments stay, and so does the plugin then. */
        delete: operations["delete_plugins_plugin"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/plugins/{plugin}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Remove one version of a plugin. */
        delete: operations["delete_plugins_plugin_versions_version"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/producers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Start a producer. Its sequences begin at 0, in each topic, or in each partition that it names. */
        post: operations["post_producers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/queries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run steps over what a topic has, up to now.
         * @description The steps run in plugin `script`, beside the data, over all partitions; nothing that they do is kept. The answer is
         *     NDJSON: a line a record with `topic`, `partition`, `offset`, `timestamp`, `key`, `value` and `headers`, where the topic is
         *     the one that was asked or that of a branch, and the three that say where are null behind an aggregate. Records come in the order of
         *     time over all partitions, as far as that is the order of offsets within each: a record stands at the greatest timestamp of
         *     its partition up to it. An aggregate takes them so, and is told once, at the end: a record a group, and a window; nothing is
         *     late. Where the query fails after its answer has begun (with the first record, or a second after the request), the last line is `{"$problem": {...}}`, a
         *     problem such as a refused request has: `function-failed` where a function threw, `query-cut-off` where a call took too long or
         *     too much memory, `query-too-long` where the steps worked for 5 minutes, `query-not-read` where the client read nothing for
         *     2 minutes.
         */
        post: operations["post_queries"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/topics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All topics, by name. */
        get: operations["get_topics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/topics/{topic}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One topic. */
        get: operations["get_topics_topic"];
        /** Create a topic. Asking again for what is there changes nothing. */
        put: operations["put_topics_topic"];
        post?: never;
        /** Delete a topic and all its records. */
        delete: operations["delete_topics_topic"];
        options?: never;
        head?: never;
        /** Alter a topic: what the body names. Partitions only grow. */
        patch: operations["patch_topics_topic"];
        trace?: never;
    };
    "/v1/topics/{topic}/partitions/{partition}/records": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a part of one partition.
         * @description `Accept` chooses the form: `application/json`, `application/x-ndjson` (a record a line) or `application/octet-stream`
         *     (whole RecordBatch v2 batches, the first of which may begin before the offset). The latter two carry where to go on in
         *     the headers `kafka-do-next-offset` and `kafka-do-high-watermark`.
         */
        get: operations["get_topics_topic_partitions_partition_records"];
        put?: never;
        post?: never;
        /** Delete the records of a partition before an offset, in all tiers. */
        delete: operations["delete_topics_topic_partitions_partition_records"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/topics/{topic}/records": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read all partitions of a topic.
         * @description Each item has `partition`, `offset`, `timestamp`, `key`, `value`, `headers` and a `cursor`. As NDJSON an item is a
         *     line; with `Accept: text/event-stream` it is an event whose id is the cursor. The header `kafka-do-cursor` is the cursor
         *     before the first item. Order is that of the offsets within a
         *     partition; between partitions there is none, but for `last`.
         */
        get: operations["get_topics_topic_records"];
        put?: never;
        /**
         * Append records: all or none. The answer comes once they are on the disk, unless the host was told to sync later.
         * @description With the header `Idempotency-Key`, or with `kafka-do-producer-id`, `kafka-do-producer-epoch` and `kafka-do-sequence`, the
         *     request may be sent again: what was stored is not stored twice. The sequence counts the records that the producer has
         *     sent to the topic, or to the partition where the request names one.
         *
         *     JSON takes `{"records": [...]}` or one bare record; NDJSON a value a line; octet-stream one value as it is, its key in
         *     the header `kafka-do-key`.
         */
        post: operations["post_topics_topic_records"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/transactions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Append records to several topics, move groups' offsets and commit members' batches: all of it, or nothing. One commit, one
         *     fsync.
         * @description With `Idempotency-Key`, or a producer's three headers, the request may be sent again.
         */
        post: operations["post_transactions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description What to do with a record.
         * @enum {string}
         */
        AckForm: "accept" | "release" | "reject" | "renew";
        Acknowledgement: {
            offsets: number[];
            /** Format: int32 */
            partition: number;
            topic: string;
            type: components["schemas"]["AckForm"];
        };
        AcknowledgeRequest: {
            acknowledgements: components["schemas"]["Acknowledgement"][];
        };
        /** @description What a connector did since the host started. */
        ActivityStatus: {
            /** Format: int64 */
            accepted: number;
            /** Format: int64 */
            duplicates: number;
            /** Format: int64 */
            failed: number;
            /** @description The last deliveries, oldest first. */
            last: components["schemas"]["Delivery"][];
            /** Format: int64 */
            records: number;
            /**
             * Format: double
             * @description Records a second, over the last minute.
             */
            records_per_second: number;
            /** Format: int64 */
            refused: number;
        };
        /** @description `"count"`, or what is aggregated of which field: `{"sum": "amount"}`. */
        Aggregate: "count" | {
            sum: components["schemas"]["JsonPath"];
        } | {
            min: components["schemas"]["JsonPath"];
        } | {
            max: components["schemas"]["JsonPath"];
        } | {
            average: components["schemas"]["JsonPath"];
        };
        /** @description One of `add_partitions` (so many more) and `partitions` (so many in all) at most. */
        AlterTopicCommand: {
            /** Format: int32 */
            add_partitions?: number | null;
            /** Format: int32 */
            partitions?: number | null;
            /** Format: int64 */
            retention_bytes?: number | null;
            /** Format: int64 */
            retention_ms?: number | null;
            topic: string;
        };
        /** @description What a sentence came to: readings with what was done, or a question. */
        AskAnswer: components["schemas"]["Understood"] | {
            question: components["schemas"]["Question"];
        };
        AskConfirm: boolean | string;
        AskRequest: {
            /**
             * @description Do it, though it needs to be confirmed: whatever it is (`true`), or what was shown and nothing else (the `plan` of a dry
             *     run or of the answer that asked for it). A sentence that names a time by the clock needs the same `now_ms` then.
             */
            confirm?: components["schemas"]["AskConfirm"];
            /** @description Only say what would be done. Where no parser is deployed yet, the standard one is all the same. */
            dry_run?: boolean;
            /**
             * Format: int64
             * @description When it is said; the host's own time unless given.
             */
            now_ms?: number | null;
            /** @description A sentence, 4,096 bytes at most. */
            text: string;
            /**
             * Format: int32
             * @description How far the speaker's clock is ahead of UTC; 0 unless given.
             */
            utc_offset_minutes?: number;
            /** @description The value to produce, where the sentence does not say it. */
            value?: Record<string, never> | null;
        };
        /**
         * @description Who decides which member reads which partition.
         * @enum {string}
         */
        Assignor: "sticky" | "range" | "round-robin";
        /** @description So many offsets on, or back. */
        ByTo: {
            /** Format: int64 */
            by: number;
        };
        /** @description A call of this API. */
        Call: {
            body?: Record<string, never> | null;
            method: string;
            /** @description With its query. */
            path: string;
        };
        /** @description When a canary goes on to all partitions, and when it goes back. */
        CanaryRule: {
            /**
             * Format: int32
             * @description The partition that gets the new generation first; 0 unless given.
             */
            partition?: number;
            /**
             * Format: int32
             * @description By how many percent its output per input record may differ from that of the generation before; 50 unless given.
             */
            tolerance_percent?: number;
            /**
             * Format: int64
             * @description How long it is watched; 30 seconds unless given.
             */
            watch_ms?: number;
        };
        /** @description A generation that is tried on one partition. */
        CanaryStatus: {
            /** Format: int32 */
            generation: number;
            /** Format: int32 */
            partition: number;
            plugin: string;
            /**
             * Format: int64
             * @description What it has read so far.
             */
            records_in: number;
            /** Format: int64 */
            started_ms: number;
            /** Format: int32 */
            tolerance_percent: number;
            /**
             * Format: int64
             * @description When it goes on to all partitions, if it has read a record by then and fares well.
             */
            until_ms: number;
            version: string;
        };
        /**
         * @description What happens to records in time.
         * @enum {string}
         */
        CleanupPolicy: "delete" | "compact" | "compact,delete";
        /** @description What is to be done. Absent options, false flags and empty lists are left out. */
        Command: (components["schemas"]["ProduceCommand"] & {
            /** @enum {string} */
            type: "produce";
        }) | (components["schemas"]["ConsumeCommand"] & {
            /** @enum {string} */
            type: "consume";
        }) | (components["schemas"]["CreateTopicCommand"] & {
            /** @enum {string} */
            type: "create-topic";
        }) | (components["schemas"]["AlterTopicCommand"] & {
            /** @enum {string} */
            type: "alter-topic";
        }) | (components["schemas"]["OfTopic"] & {
            /** @enum {string} */
            type: "describe-topic";
        }) | (components["schemas"]["OfTopic"] & {
            /** @enum {string} */
            type: "delete-topic";
        }) | {
            /** @enum {string} */
            type: "list-topics";
        } | (components["schemas"]["OfGroup"] & {
            /** @enum {string} */
            type: "describe-group";
        }) | {
            /** @enum {string} */
            type: "list-groups";
        } | (components["schemas"]["ResetGroupCommand"] & {
            /** @enum {string} */
            type: "reset-group";
        }) | (components["schemas"]["OfGroup"] & {
            /** @enum {string} */
            type: "delete-group";
        }) | (components["schemas"]["StreamCommand"] & {
            /** @enum {string} */
            type: "stream";
        }) | (components["schemas"]["ConnectCommand"] & {
            /** @enum {string} */
            type: "connect";
        }) | {
            /** @enum {string} */
            type: "list-deployments";
        } | (components["schemas"]["OfDeployment"] & {
            /** @enum {string} */
            type: "describe-deployment";
        }) | (components["schemas"]["OfDeployment"] & {
            /** @enum {string} */
            type: "pause";
        }) | (components["schemas"]["OfDeployment"] & {
            /** @enum {string} */
            type: "resume";
        }) | (components["schemas"]["OfDeployment"] & {
            /** @enum {string} */
            type: "remove";
        }) | (components["schemas"]["HelpCommand"] & {
            /** @enum {string} */
            type: "help";
        });
        CommitOffset: {
            /**
             * Format: int64
             * @description The next to read.
             */
            offset: number;
            /** Format: int32 */
            partition: number;
            topic: string;
        };
        CommitRequest: {
            /** @description Of partitions that the member has; a batch may be committed bit by bit. */
            offsets?: components["schemas"]["CommitOffset"][] | null;
            /** @description Of the batch, all of which is committed. Either this, or offsets. */
            token?: string | null;
        };
        /** @enum {string} */
        Comparison: "equal" | "not-equal" | "less" | "less-or-equal" | "greater" | "greater-or-equal" | "contains";
        /**
         * @description Of the records of a batch; the header is never compressed.
         * @enum {string}
         */
        Compression: "none" | "lz4" | "zstd";
        /** @description A field of a record compared with a constant. */
        Condition: {
            comparison: components["schemas"]["Comparison"];
            /** @description A JSON text, number or boolean; what is none of them is a text as it stands. */
            operand: string;
            path: components["schemas"]["JsonPath"];
        };
        ConnectCommand: {
            plugin: string;
            settings: Record<string, never>;
            topic?: string | null;
        };
        /** @description Records to read: those before `until_ms` of which all conditions hold, and `limit` of them at most. */
        ConsumeCommand: {
            conditions?: components["schemas"]["Condition"][];
            group?: string | null;
            /** Format: int32 */
            limit?: number | null;
            start: components["schemas"]["StartPoint"];
            topic: string;
            /** Format: int64 */
            until_ms?: number | null;
        };
        /** @description A retention that is the greatest number is for ever, or without bound. */
        CreateTopicCommand: {
            compacted?: boolean;
            key_path?: components["schemas"]["JsonPath"] | null;
            /** Format: int32 */
            partitions?: number | null;
            /** Format: int64 */
            retention_bytes?: number | null;
            /** Format: int64 */
            retention_ms?: number | null;
            topic: string;
        };
        /** @description One delivery: a request, a call of a sink, or a poll of a source. */
        Delivery: {
            /** Format: int64 */
            at_ms: number;
            reason?: string | null;
            /** Format: int64 */
            records: number;
            /**
             * Format: int32
             * @description What a request was answered.
             */
            status?: number | null;
            /**
             * Format: int64
             * @description How long it took, with its commit.
             */
            us: number;
            verdict: components["schemas"]["Verdict"];
            /** @description A request's method and path; the topic, partition and offsets of a sink's batch. */
            what: string;
        };
        DeploymentChangelog: boolean | string[];
        /** @description A topic to read. */
        DeploymentInput: string | components["schemas"]["DeploymentInputWithStart"];
        DeploymentInputWithStart: {
            /** @description As `start` of the deployment. */
            start?: string | null;
            topic: string;
        };
        /** @description What to run on what. */
        DeploymentRequest: {
            canary?: components["schemas"]["CanaryRule"] | null;
            /**
             * @description Whether every change of the plugin's state is also a record of a compacted topic, `<deployment>.<table>.changelog`:
             *     of all tables (`true`), or of those that are named.
             */
            changelog?: components["schemas"]["DeploymentChangelog"];
            grants?: components["schemas"]["Grants"];
            /**
             * @description The topics that it reads, all with as many partitions: names, or objects with a start of their own. Records are taken
             *     in the order of their time, and of equals that of the topic named first. Sources and webhooks read none.
             */
            inputs?: components["schemas"]["DeploymentInput"][];
            /** @description Where its records go that name no topic; made, with as many partitions as the input, where it is missing. */
            output?: string | null;
            /** @description Where a webhook takes requests beside `/hooks/<deployment>`, such as `/webhooks/github`; what is below it is its own too. */
            path?: string | null;
            plugin: string;
            /** @description Whether the state of a new deployment begins as the changelog of an earlier one of its name says. */
            restore_state?: boolean;
            /** @description An object that fits the plugin's settings schema. A secret is written `{"$secret": "NAME"}`. */
            settings?: unknown;
            /**
             * @description `earliest` (unless given), `latest`, `committed`, or a time: where a new deployment begins in each input that has no
             *     start of its own. A swap goes on where it was.
             */
            start?: string | null;
            /** @description The first digits of a version; the newest unless given. */
            version?: string | null;
        };
        /** @description A deployment, whole. */
        DeploymentStatus: {
            activity?: components["schemas"]["ActivityStatus"] | null;
            canary?: components["schemas"]["CanaryStatus"] | null;
            /** @description State tables whose changes are written to a topic, `<deployment>.<table>.changelog`. */
            changelog: string[];
            /** @description Where the records go that it refuses, where it reads topics. */
            dead_letter_topic?: string | null;
            /** @description The newest failures, oldest first. */
            failures: components["schemas"]["Failure"][];
            /** Format: int32 */
            generation: number;
            /** @description Oldest first; the last one is current. */
            generations: components["schemas"]["GenerationStatus"][];
            grants: components["schemas"]["Grants"];
            inputs: string[];
            /** @description Topics of its own, which it writes and reads. */
            internal_topics: string[];
            /**
             * Format: int64
             * @description Records that all tasks together have yet to read, and those of partitions that no task reads.
             */
            lag: number;
            name: string;
            output?: string | null;
            /** @description Where it takes requests, beside `/hooks/<name>`. */
            path?: string | null;
            plugin: string;
            role?: components["schemas"]["Role"] | null;
            settings: unknown;
            /** @description The worst state of its tasks. */
            state: components["schemas"]["TaskState"];
            /** @description How the swap went that this call asked for. */
            swap?: components["schemas"]["SwapStatus"][] | null;
            tasks: components["schemas"]["TaskStatus"][];
            version: string;
            /** @description Why some partitions are not read, where that is so. */
            waiting?: string | null;
        };
        /** @description One failure of one task. */
        Failure: {
            /** Format: int64 */
            at_ms: number;
            /** Format: int32 */
            generation: number;
            /**
             * Format: int64
             * @description The first offset of the batch that was being processed.
             */
            offset: number;
            /** Format: int32 */
            partition: number;
            reason: string;
            /** @description The input that was being read. */
            topic: string;
        };
        FetchAnswer: {
            /** Format: int64 */
            high_watermark: number;
            /**
             * Format: int64
             * @description Where to go on.
             */
            next_offset: number;
            records: components["schemas"]["StoredRecord"][];
        };
        /** @description One generation of the history. */
        GenerationStatus: {
            /** Format: int32 */
            generation: number;
            output?: string | null;
            partitions: components["schemas"]["RangeStatus"][];
            plugin: string;
            reason?: string | null;
            settings: unknown;
            standing: string;
            /** Format: int64 */
            started_ms: number;
            version: string;
        };
        /** @description What an operator allows beyond the inputs and the output. */
        Grants: {
            /** @description `host:port` that a connector may send to; `*.example.com:443` is all under a name. */
            hosts?: string[];
            /** @description Any topic may be written to whose name begins so; one that is missing is made at its first record. */
            topic_prefixes?: string[];
            /** @description Further topics that the plugin may write to. */
            topics?: string[];
        };
        /** @enum {string} */
        GroupState: "empty" | "reconciling" | "stable";
        /** @description A group, whole. */
        GroupStatus: {
            assignor: components["schemas"]["Assignor"];
            /** @description The deployment whose progress it carries. */
            deployment?: string | null;
            /** Format: int64 */
            epoch: number;
            group: string;
            /**
             * Format: int64
             * @description Of all partitions together.
             */
            lag: number;
            /**
             * Format: int64
             * @description In share mode: how long a member has for a record, and how often one is handed out.
             */
            lock_ms?: number | null;
            /** Format: int32 */
            max_deliveries?: number | null;
            members: components["schemas"]["MemberStatus"][];
            mode: components["schemas"]["Mode"];
            partitions: components["schemas"]["PartitionStatus"][];
            /** @description Members that leave records lie: they are heard, and do not poll. */
            stalled: string[];
            state: components["schemas"]["GroupState"];
        };
        /** @description A group in a list. */
        GroupSummary: {
            deployment?: string | null;
            group: string;
            /** Format: int64 */
            lag: number;
            members: number;
            mode: components["schemas"]["Mode"];
            state: components["schemas"]["GroupState"];
        };
        HelpCommand: {
            about?: string | null;
        };
        /** @description Where a task stands in one input. */
        InputStatus: {
            /** Format: int64 */
            high_watermark: number;
            /**
             * Format: int64
             * @description Records that it has yet to read.
             */
            lag: number;
            /**
             * Format: int64
             * @description The next offset that it will read.
             */
            next_offset: number;
            topic: string;
        };
        /** @description One way to understand a sentence. */
        Interpretation: {
            command: components["schemas"]["Command"];
            /**
             * Format: int32
             * @description 0 to 100.
             */
            confidence: number;
            /** @description The command in plain words. */
            restated: string;
        };
        JoinAnswer: {
            assignment: components["schemas"]["Place"][];
            /**
             * Format: int64
             * @description Rises with what the assignment follows: joins, leaves, new partitions.
             */
            epoch: number;
            /**
             * Format: int64
             * @description Poll, commit or send a heartbeat at least so often.
             */
            heartbeat_ms: number;
            member_id: string;
        };
        /** @description What a member reads, and how it is known. */
        JoinRequest: {
            assignor?: components["schemas"]["Assignor"] | null;
            /** @description Makes the member a static one: a process that joins as the same instance takes its place, and nobody else notices. */
            instance_id?: string | null;
            /**
             * Format: int64
             * @description Share mode: how long a member has for a record; 30 seconds unless somebody said otherwise, and the newest word holds.
             */
            lock_ms?: number | null;
            /**
             * Format: int32
             * @description Share mode: how often a record is handed out before it is a dead letter; 5 times unless somebody said otherwise.
             */
            max_deliveries?: number | null;
            /**
             * Format: int64
             * @description A member that is heard, and neither polls nor commits for longer, loses what it has until it polls; 5 minutes unless
             *     given.
             */
            max_poll_interval_ms?: number | null;
            /** @description `consumer` (unless given), or `share`: many members to a partition, each record to one of them. */
            mode?: components["schemas"]["Mode"];
            /** @description A regular expression that matches whole names of topics. */
            pattern?: string | null;
            /**
             * Format: int64
             * @description A member that is silent for longer is taken for dead; 30 seconds unless given.
             */
            session_timeout_ms?: number | null;
            /** @description `earliest` (unless given), `latest`, or a time: where partitions are begun that the group has no offset of. */
            start?: string | null;
            /** @description The topics to read; they need not exist yet. Either these, or a pattern. */
            topics?: string[] | null;
        };
        JsonPath: string;
        /** @description What a member has. */
        MemberStanding: {
            assignment: components["schemas"]["Place"][];
            /** Format: int64 */
            epoch: number;
        };
        /** @enum {string} */
        MemberState: "stable" | "reconciling" | "stalled";
        /** @description One member of a group. */
        MemberStatus: {
            assignment: components["schemas"]["Place"][];
            /**
             * Format: int64
             * @description The epoch that its assignment is of.
             */
            epoch: number;
            /**
             * Format: int64
             * @description Records in its hands.
             */
            in_flight: number;
            instance_id?: string | null;
            /**
             * Format: int64
             * @description Records that are its to read.
             */
            lag: number;
            /** Format: int64 */
            last_heard_ms?: number | null;
            /** Format: int64 */
            last_poll_ms?: number | null;
            member_id: string;
            /**
             * Format: int64
             * @description Null for the task of a deployment, as what follows.
             */
            session_timeout_ms?: number | null;
            state: components["schemas"]["MemberState"];
            /** @description The topics that it names, or its pattern. */
            subscription: string;
        };
        /**
         * @description How a group divides records among its members.
         * @enum {string}
         */
        Mode: "consumer" | "share";
        /** @description A record in the JSON form. */
        NewRecord: {
            /** @description Names with text, `{"$base64": "..."}`, or lists of these. */
            headers?: unknown;
            /** @description Text, or `{"$base64": "..."}`. */
            key?: unknown;
            /**
             * Format: int32
             * @description Unless given, that of the key.
             */
            partition?: number | null;
            /**
             * Format: int64
             * @description Milliseconds since 1970 or RFC 3339; unless given, the time of the append.
             */
            timestamp?: number | null;
            /** @description JSON, or `{"$base64": "..."}`; `null` is a tombstone. */
            value: unknown;
        };
        OfDeployment: {
            deployment: string;
        };
        /** @description This offset, or the nearest that the log has. */
        OffsetTo: {
            /** Format: int64 */
            offset: number;
        };
        OfGroup: {
            group: string;
        };
        OfTopic: {
            topic: string;
        };
        Page_DeploymentStatus: {
            items: {
                activity?: components["schemas"]["ActivityStatus"] | null;
                canary?: components["schemas"]["CanaryStatus"] | null;
                /** @description State tables whose changes are written to a topic, `<deployment>.<table>.changelog`. */
                changelog: string[];
                /** @description Where the records go that it refuses, where it reads topics. */
                dead_letter_topic?: string | null;
                /** @description The newest failures, oldest first. */
                failures: components["schemas"]["Failure"][];
                /** Format: int32 */
                generation: number;
                /** @description Oldest first; the last one is current. */
                generations: components["schemas"]["GenerationStatus"][];
                grants: components["schemas"]["Grants"];
                inputs: string[];
                /** @description Topics of its own, which it writes and reads. */
                internal_topics: string[];
                /**
                 * Format: int64
                 * @description Records that all tasks together have yet to read, and those of partitions that no task reads.
                 */
                lag: number;
                name: string;
                output?: string | null;
                /** @description Where it takes requests, beside `/hooks/<name>`. */
                path?: string | null;
                plugin: string;
                role?: components["schemas"]["Role"] | null;
                settings: unknown;
                /** @description The worst state of its tasks. */
                state: components["schemas"]["TaskState"];
                /** @description How the swap went that this call asked for. */
                swap?: components["schemas"]["SwapStatus"][] | null;
                tasks: components["schemas"]["TaskStatus"][];
                version: string;
                /** @description Why some partitions are not read, where that is so. */
                waiting?: string | null;
            }[];
            /** @description Ask again with `?after=` this, where there is more. */
            next?: string | null;
        };
        Page_GroupSummary: {
            items: {
                deployment?: string | null;
                group: string;
                /** Format: int64 */
                lag: number;
                members: number;
                mode: components["schemas"]["Mode"];
                state: components["schemas"]["GroupState"];
            }[];
            /** @description Ask again with `?after=` this, where there is more. */
            next?: string | null;
        };
        Page_PipelineStatus: {
            items: {
                /** Format: int64 */
                created_ms: number;
                /** @description In the order in which they were given. */
                deployments: components["schemas"]["DeploymentStatus"][];
                /**
                 * Format: int64
                 * @description Records that all deployments together have yet to read.
                 */
                lag: number;
                name: string;
                /** @description The worst state of its deployments. */
                state: components["schemas"]["TaskState"];
            }[];
            /** @description Ask again with `?after=` this, where there is more. */
            next?: string | null;
        };
        Page_Plugin: {
            items: {
                name: string;
                role: components["schemas"]["Role"];
                /** @description JSON Schema. */
                settings_schema: unknown;
                state_tables: string[];
                summary: string;
                /** @description The newest version: what a deployment gets that names none. */
                version: string;
                /** @description Oldest first. */
                versions: components["schemas"]["PluginVersion"][];
            }[];
            /** @description Ask again with `?after=` this, where there is more. */
            next?: string | null;
        };
        Page_Topic: {
            items: (components["schemas"]["TopicConfig"] & {
                /** Format: int64 */
                created_ms: number;
                name: string;
                offsets: components["schemas"]["Partition"][];
            })[];
            /** @description Ask again with `?after=` this, where there is more. */
            next?: string | null;
        };
        /** @description Where a partition begins and ends, and where its bytes lie. */
        Partition: {
            /**
             * Format: int64
             * @description and those of them that lie in the cold tier.
             */
            cold_segments: number;
            /**
             * Format: int64
             * @description What waits in the head to be sealed.
             */
            head_bytes: number;
            /** Format: int64 */
            high_watermark: number;
            /** Format: int32 */
            partition: number;
            /**
             * Format: int64
             * @description their objects' bytes,
             */
            segment_bytes: number;
            /**
             * Format: int64
             * @description Segments in all tiers,
             */
            segments: number;
            /** Format: int64 */
            start_offset: number;
        };
        /** @description Where a partition begins and ends. */
        PartitionEnds: {
            /** Format: int64 */
            high_watermark: number;
            /** Format: int32 */
            partition: number;
            /** Format: int64 */
            start_offset: number;
        };
        /** @description One partition of a group. */
        PartitionStatus: {
            /**
             * Format: int64
             * @description The next offset to read; null where the group has none yet.
             */
            committed?: number | null;
            /** Format: int64 */
            high_watermark: number;
            /**
             * Format: int64
             * @description In share mode: records in members' hands.
             */
            in_flight?: number | null;
            /**
             * Format: int64
             * @description Offsets that the group has yet to read.
             */
            lag: number;
            /**
             * Format: int64
             * @description For how long the oldest of these records has waited.
             */
            lag_ms?: number | null;
            /** Format: int64 */
            last_commit_ms?: number | null;
            /** @description Who reads it. */
            member_id?: string | null;
            /** Format: int32 */
            partition: number;
            topic: string;
        };
        /** @description A deployment, and its name. */
        PipelineDeployment: components["schemas"]["DeploymentRequest"] & {
            name: string;
        };
        /** @description Deployments under one name. */
        PipelineRequest: {
            deployments: components["schemas"]["PipelineDeployment"][];
            name: string;
        };
        /** @description A pipeline, whole. */
        PipelineStatus: {
            /** Format: int64 */
            created_ms: number;
            /** @description In the order in which they were given. */
            deployments: components["schemas"]["DeploymentStatus"][];
            /**
             * Format: int64
             * @description Records that all deployments together have yet to read.
             */
            lag: number;
            name: string;
            /** @description The worst state of its deployments. */
            state: components["schemas"]["TaskState"];
        };
        /** @description A partition, as people name it. */
        Place: {
            /** Format: int32 */
            partition: number;
            topic: string;
        };
        /** @description A plugin with its versions. */
        Plugin: {
            name: string;
            role: components["schemas"]["Role"];
            /** @description JSON Schema. */
            settings_schema: unknown;
            state_tables: string[];
            summary: string;
            /** @description The newest version: what a deployment gets that names none. */
            version: string;
            /** @description Oldest first. */
            versions: components["schemas"]["PluginVersion"][];
        };
        PluginVersion: {
            /** Format: int64 */
            bytes: number;
            /** @description Deployments that run it, or could be rolled back to it. */
            deployments: string[];
            /** Format: int64 */
            uploaded_ms: number;
            /** @description The SHA-256 of the component. */
            version: string;
        };
        PollAnswer: {
            assignment: components["schemas"]["Place"][];
            /** Format: int64 */
            epoch: number;
            records: components["schemas"]["PolledRecord"][];
            /** @description What the batch is committed by. */
            token: string;
        };
        /** @description A record of a batch. */
        PolledRecord: {
            /**
             * Format: int32
             * @description In share mode: how often the record has been handed out.
             */
            delivery_count?: number | null;
            headers: unknown;
            key?: unknown;
            /** Format: int64 */
            offset: number;
            /** Format: int32 */
            partition: number;
            /** Format: int64 */
            timestamp: number;
            topic: string;
            value: unknown;
        };
        PollRequest: {
            /** @description Stop after this many bytes, but not before the first record; 1 MiB unless given, 16 MiB at most. */
            max_bytes?: number | null;
            /** @description At most this many records; 500 unless given, 50,000 at most. */
            max_records?: number | null;
            /**
             * @description Of the batch that the member holds, or held last: after a restart of the host it has that batch again by it. One that
             *     is not the member's any more is passed over.
             */
            token?: string | null;
            /**
             * Format: int64
             * @description Where there is nothing yet, wait up to this long; 60,000 at most.
             */
            wait_ms?: number | null;
        };
        /** @description What went wrong and what to do about it. */
        Problem: {
            /** @description For people; ends in what to do next. */
            detail: string;
            /** Format: int32 */
            status: number;
            title: string;
            /** @description Stable: `https://kafka.do/problems/` and a code that programs may match. */
            type: string;
        };
        /** @description A receipt a record, in the order of the request. */
        ProduceAnswer: {
            /** @description True where the request had been stored before. */
            duplicate?: boolean | null;
            /** @description `synced`, or within what time it will be. */
            durability: string;
            records: components["schemas"]["Receipt"][];
        };
        /** @description A record to append. One without a value is sent the request's. */
        ProduceCommand: {
            key?: string | null;
            topic: string;
            /** @description JSON where it reads as such, else a text. */
            value?: string | null;
        };
        /** @description What a producer sends in `kafka-do-producer-id` and `kafka-do-producer-epoch`. */
        Producer: {
            /** Format: int32 */
            epoch: number;
            /** Format: int64 */
            producer_id: number;
        };
        ProduceRequest: {
            records: components["schemas"]["NewRecord"][];
        };
        ProducerRequest: {
            /** @description The producer that had this name before must stop: its epoch is over. */
            name?: string | null;
        };
        /** @description What is to be made, and of what. */
        Query: {
            /**
             * @description `earliest` (unless given) or a time (milliseconds since 1970, or RFC 3339): in each partition from the first record of
             *     that time or later on.
             */
            from?: string | null;
            /**
             * Format: int64
             * @description Ends after so many records.
             */
            limit?: number | null;
            /** @description As the settings of plugin `script` have them; with none of them records come as they are. */
            steps: Record<string, never>[];
            topic: string;
            /** @description A time: records of this time or later are left out. */
            until?: string | null;
            /** @description Constants that the functions know by name. */
            values?: Record<string, never> | null;
        };
        /** @description What the parser wants to know before it understands. */
        Question: {
            /** @description Whole sentences, any of which may be what was meant. */
            suggestions: string[];
            text: string;
        };
        /** @description What one generation did of one partition: offsets from `from_offset` to before `next_offset`, each exactly once. */
        RangeStatus: {
            /** Format: int64 */
            from_offset: number;
            /** Format: int64 */
            next_offset: number;
            /** Format: int32 */
            partition: number;
            /** Format: int64 */
            records_in: number;
            /** Format: int64 */
            records_out: number;
            /** Format: int64 */
            rejected: number;
            topic: string;
        };
        /** @description Where a record stands now. */
        Receipt: {
            /** Format: int64 */
            offset: number;
            /** Format: int32 */
            partition: number;
            /** Format: int64 */
            timestamp: number;
        };
        /** @description What is to be tried, and on what. */
        ReplayRequest: {
            /** @description Beside what the running version makes of the range (unless `false`): then only differences are shown. */
            compare?: boolean;
            /** @description `earliest` (unless given) or a time. */
            from?: string | null;
            /**
             * Format: int64
             * @description Records shown at most; the others are counted.
             */
            limit?: number | null;
            /** @description Another plugin than that of the deployment. */
            plugin?: string | null;
            /** @description Other settings than those of the deployment. */
            settings?: unknown;
            /** @description A time; where the inputs end now, unless given. */
            until?: string | null;
            /** @description The first digits of a version; the newest unless given. */
            version?: string | null;
        };
        /** @description What a reset has done, or would do. */
        ResetAnswer: {
            dry_run: boolean;
            group: string;
            partitions: components["schemas"]["ResetPartition"][];
        };
        ResetGroupCommand: {
            group: string;
            to: components["schemas"]["StartPoint"];
            /** @description All that the group has offsets of, unless given. */
            topic?: string | null;
        };
        /** @description One partition of a reset. */
        ResetPartition: {
            /**
             * Format: int64
             * @description Where the group stands, if anywhere.
             */
            from?: number | null;
            /** Format: int32 */
            partition: number;
            /**
             * Format: int64
             * @description Where it stands afterwards: within what the log has.
             */
            to: number;
            topic: string;
        };
        ResetRequest: {
            /** @description Only say what would be done. */
            dry_run?: boolean;
            /** @description Although the group has members: what they hold is taken from them. */
            force?: boolean;
            to: components["schemas"]["ToForm"];
            /** @description All topics that the group has offsets of, unless given. */
            topic?: string | null;
        };
        /**
         * @description What a component is for: the world it exports.
         * @enum {string}
         */
        Role: "processing" | "column-processing" | "sinking" | "sourcing" | "receiving" | "parsing";
        /** @description Where reading begins, or where a group is moved to. */
        StartPoint: "committed" | "earliest" | "latest" | {
            /**
             * Format: int32
             * @description So many records before now, by their time.
             */
            last: number;
        } | {
            /** Format: int64 */
            since_ms: number;
        };
        /** @description A record as it stands in the log. */
        StoredRecord: {
            headers: unknown;
            key?: unknown;
            /** Format: int64 */
            offset: number;
            /** Format: int64 */
            timestamp: number;
            value: unknown;
        };
        /** @description A standing pipeline: records of which all conditions hold, as they came or as aggregates. */
        StreamCommand: {
            aggregate?: components["schemas"]["Aggregate"] | null;
            conditions?: components["schemas"]["Condition"][];
            /** @description Never empty. */
            from: string[];
            group_by?: components["schemas"]["JsonPath"] | null;
            to: string;
            /**
             * Format: int64
             * @description A running aggregate, unless given.
             */
            window_ms?: number | null;
        };
        /** @description How one partition was swapped. */
        SwapStatus: {
            /**
             * Format: int64
             * @description The first offset that the new generation processes.
             */
            at_offset: number;
            /**
             * Format: int64
             * @description The parts of it: making the instance, and its `open`.
             */
            instantiate_us: number;
            /** Format: int64 */
            open_us: number;
            /** Format: int32 */
            partition: number;
            /**
             * Format: int64
             * @description How long the partition stood still.
             */
            pause_us: number;
        };
        /** @enum {string} */
        TaskState: "starting" | "running" | "paused" | "failing" | "stopped";
        /** @description One task: the partitions of one number of all inputs. */
        TaskStatus: {
            /** Format: int32 */
            generation: number;
            /** Format: int64 */
            high_watermark: number;
            /** @description All inputs, those of the deployment's own last. */
            inputs: components["schemas"]["InputStatus"][];
            /**
             * Format: int64
             * @description Records of all inputs that it has yet to read.
             */
            lag: number;
            /**
             * Format: int64
             * @description The next offset that it will read of the first input.
             */
            next_offset: number;
            /** Format: int32 */
            partition: number;
            /** @description Why it is failing or stopped. */
            reason?: string | null;
            state: components["schemas"]["TaskState"];
            /** @description The first input. */
            topic: string;
            /**
             * Format: int64
             * @description How far event time has come: the greatest timestamp that was read, or that of the whole deployment where it repartitions.
             */
            watermark_ms?: number | null;
        };
        /** @description The first record of this time or later. */
        TimeTo: {
            time: string;
        };
        /** @description Where to. */
        ToForm: string | components["schemas"]["TimeTo"] | components["schemas"]["OffsetTo"] | components["schemas"]["ByTo"];
        /** @description A topic. */
        Topic: components["schemas"]["TopicConfig"] & {
            /** Format: int64 */
            created_ms: number;
            name: string;
            offsets: components["schemas"]["Partition"][];
        };
        /** @description What can be set of a topic. */
        TopicConfig: {
            /** @default delete */
            cleanup_policy: components["schemas"]["CleanupPolicy"];
            /**
             * Format: int64
             * @description Segments older than this go to the cold tier; null keeps them where they are.
             * @default null
             */
            cold_after_ms: number | null;
            /** @default none */
            compression: components["schemas"]["Compression"];
            /**
             * @description The field that is the key of a record that comes without one, as a dotted path.
             * @default null
             */
            key_path: string | null;
            /**
             * Format: int32
             * @description Only ever grows.
             * @default 1
             */
            partitions: number;
            /**
             * Format: int64
             * @description A partition over this, in all tiers together, loses its oldest segments; null is no bound.
             * @default null
             */
            retention_bytes: number | null;
            /**
             * Format: int64
             * @description Records older than this go, a segment at a time; null keeps them for ever.
             * @default null
             */
            retention_ms: number | null;
            /**
             * Format: int64
             * @description The head of a partition becomes a segment at this size,
             * @default 16777216
             */
            segment_bytes: number;
            /**
             * Format: int64
             * @description or at this age.
             * @default 600000
             */
            segment_ms: number;
            /**
             * Format: int64
             * @description How long compaction keeps the deletion of a key for readers to see.
             * @default 86400000
             */
            tombstone_retention_ms: number;
        };
        /** @description What can be set of a topic; what is left out stays as it is, or has its default. */
        TopicSettings: {
            /** @default null */
            cleanup_policy: components["schemas"]["CleanupPolicy"] | null;
            /**
             * Format: int64
             * @description Segments older than this go to the cold tier, if there is one; null, the default, keeps them where they are.
             * @default null
             */
            cold_after_ms: number | null;
            /** @default null */
            compression: components["schemas"]["Compression"] | null;
            /**
             * @description The field that is the key of a record that comes without one, as a dotted path.
             * @default null
             */
            key_path: string | null;
            /**
             * Format: int32
             * @description 1 to 10,000; 1 unless given. Only ever grows.
             * @default null
             */
            partitions: number | null;
            /**
             * Format: int64
             * @description A partition over this, in all tiers together, loses its oldest segments; null, the default, is no bound.
             * @default null
             */
            retention_bytes: number | null;
            /**
             * Format: int64
             * @description Records older than this go, a segment at a time; null, the default, keeps them for ever.
             * @default null
             */
            retention_ms: number | null;
            /**
             * Format: int64
             * @description The head of a partition becomes a segment at this size, 64 KiB to 64 MiB; 16 MiB unless given.
             * @default null
             */
            segment_bytes: number | null;
            /**
             * Format: int64
             * @description Or at this age; 10 minutes unless given.
             * @default null
             */
            segment_ms: number | null;
            /**
             * Format: int64
             * @description How long compaction keeps the deletion of a key for readers to see; a day unless given.
             * @default null
             */
            tombstone_retention_ms: number | null;
        };
        /** @description A receipt a record, in the order of the request. */
        TransactionAnswer: {
            /** @description True where the request had been committed before. */
            duplicate?: boolean | null;
            /** @description `synced`, or within what time it will be. */
            durability: string;
            records: components["schemas"]["TransactionReceipt"][];
        };
        /** @description The batch that a group's member was given by a poll: committed with what came of it, or not at all. */
        TransactionCommit: {
            group: string;
            member_id: string;
            token: string;
        };
        /** @description Where a group goes on. */
        TransactionOffset: {
            /**
             * Format: int64
             * @description Where the group must stand, or nothing of this is done; null is nowhere yet.
             */
            expected?: number | null;
            group: string;
            /**
             * Format: int64
             * @description The next offset to read.
             */
            offset: number;
            /** Format: int32 */
            partition: number;
            topic: string;
        };
        TransactionReceipt: {
            /** Format: int64 */
            offset: number;
            /** Format: int32 */
            partition: number;
            /** Format: int64 */
            timestamp: number;
            topic: string;
        };
        TransactionRecord: {
            headers?: unknown;
            key?: unknown;
            /** Format: int32 */
            partition?: number | null;
            /** Format: int64 */
            timestamp?: number | null;
            topic: string;
            value: unknown;
        };
        /** @description Records and offsets that stand or fall together. */
        TransactionRequest: {
            commits?: components["schemas"]["TransactionCommit"][] | null;
            offsets?: components["schemas"]["TransactionOffset"][] | null;
            /** @description As in a produce, each with its topic. */
            records?: components["schemas"]["TransactionRecord"][] | null;
        };
        Understood: {
            /** @description Why, in the host's words. */
            because?: string | null;
            /** @description The calls that are equal to the first interpretation, in their order. */
            calls: components["schemas"]["Call"][];
            /** @description Best first; the first one is run. */
            interpretations: components["schemas"]["Interpretation"][];
            /** @description It is run with `confirm` only. */
            needs_confirm?: boolean;
            /** @description What `confirm` may be bound to. */
            plan?: string | null;
            problem?: components["schemas"]["Problem"] | null;
            /** @description What the last call answered, where it was run; records as `{"records": [...]}`, with `"more": true` where they were cut. */
            result?: Record<string, never> | null;
        };
        /**
         * @description How a delivery went.
         * @enum {string}
         */
        Verdict: "accepted" | "duplicate" | "refused" | "failed";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    get_healthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    get_hooks_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The plugin's own answer, with a status of its own */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Send it again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_hooks_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The plugin's own answer, with a status of its own */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Send it again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_hooks_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The plugin's own answer, with a status of its own */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Send it again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_hooks_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The plugin's own answer, with a status of its own */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Send it again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    options_hooks_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The plugin's own answer, with a status of its own */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Send it again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    head_hooks_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The plugin's own answer, with a status of its own */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Send it again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    patch_hooks_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The plugin's own answer, with a status of its own */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Send it again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/openmetrics-text": string;
                };
            };
        };
    };
    get_readyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    post_ask: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AskRequest"];
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AskAnswer"];
                    "application/x-ndjson": string;
                    "text/event-stream": string;
                };
            };
            /** @description It needs to be confirmed (with `calls`, `because` and `plan` beside the detail), or does not fit what is there */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_deployments: {
        parameters: {
            query?: {
                /** @description Entries after this name, in the order of names. */
                after?: string;
                /** @description At most this many entries. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_DeploymentStatus"];
                };
            };
        };
    };
    get_deployments_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentStatus"];
                };
            };
        };
    };
    put_deployments_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeploymentRequest"];
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Swapped, or as it was */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentStatus"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentStatus"];
                };
            };
        };
    };
    delete_deployments_deployment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    post_deployments_deployment_pause: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentStatus"];
                };
            };
        };
    };
    post_deployments_deployment_promote: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentStatus"];
                };
            };
        };
    };
    post_deployments_deployment_replay: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReplayRequest"];
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
        };
    };
    post_deployments_deployment_resume: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentStatus"];
                };
            };
        };
    };
    post_deployments_deployment_rollback: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                deployment: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentStatus"];
                };
            };
        };
    };
    get_deployments_deployment_state_table: {
        parameters: {
            query?: {
                /** @description Go on after this, the `next` of the page before. */
                after?: string;
                /** @description The form of the keys above: `text` (unless given), `base64` (URL-safe) or `hex`. */
                encoding?: "text" | "base64" | "hex";
                /** @description Rows from this key on, */
                from?: string;
                /** @description The row with this key, from whichever partition has it. */
                key?: string;
                /** @description At most this many rows. */
                limit?: number;
                /** @description Rows of this partition only. */
                partition?: number;
                /** @description Rows whose key begins with this. */
                prefix?: string;
                /** @description and before this one. */
                until?: string;
            };
            header?: never;
            path: {
                deployment: string;
                table: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string;
                };
            };
        };
    };
    get_groups: {
        parameters: {
            query?: {
                /** @description Entries after this name, in the order of names. */
                after?: string;
                /** @description At most this many entries. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_GroupSummary"];
                };
            };
        };
    };
    get_groups_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                group: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupStatus"];
                };
            };
        };
    };
    delete_groups_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                group: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    post_groups_group_members: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                group: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["JoinRequest"];
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JoinAnswer"];
                };
            };
        };
    };
    delete_groups_group_members_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                group: string;
                member: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    post_groups_group_members_member_acknowledge: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                group: string;
                member: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AcknowledgeRequest"];
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemberStanding"];
                };
            };
            /** @description A record is not in the member's hands */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_groups_group_members_member_commit: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                group: string;
                member: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CommitRequest"];
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemberStanding"];
                };
            };
            /** @description The session has ended: join again */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description The lease has ended, or a partition is not the member's */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_groups_group_members_member_heartbeat: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                group: string;
                member: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemberStanding"];
                };
            };
        };
    };
    post_groups_group_members_member_poll: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                group: string;
                member: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PollRequest"] | null;
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PollAnswer"];
                };
            };
            /** @description The session has ended: join again */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_groups_group_reset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                group: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResetRequest"];
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResetAnswer"];
                };
            };
        };
    };
    get_groups_group_stream: {
        parameters: {
            query?: {
                instance_id?: string;
                max_poll_interval_ms?: number;
                /** @description At most this many records a batch; 500 unless given, 50,000 at most. */
                max_records?: number;
                /** @description `consumer` (unless given), or `share`. */
                mode?: string;
                /** @description A regular expression that matches whole names of topics. */
                pattern?: string;
                /** @description As in a join. */
                session_timeout_ms?: number;
                /** @description `earliest` (unless given), `latest`, or a time: where partitions are begun that the group has no offset of. */
                start?: string;
                /** @description The topics to read, with commas between them. Either these, or a pattern. */
                topics?: string;
            };
            header?: never;
            path: {
                group: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/event-stream": string;
                };
            };
        };
    };
    get_pipelines: {
        parameters: {
            query?: {
                /** @description Entries after this name, in the order of names. */
                after?: string;
                /** @description At most this many entries. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_PipelineStatus"];
                };
            };
        };
    };
    post_pipelines: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PipelineRequest"];
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PipelineStatus"];
                };
            };
        };
    };
    get_pipelines_pipeline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                pipeline: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PipelineStatus"];
                };
            };
        };
    };
    delete_pipelines_pipeline: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                pipeline: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_plugins: {
        parameters: {
            query?: {
                /** @description Entries after this name, in the order of names. */
                after?: string;
                /** @description At most this many entries. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Plugin"];
                };
            };
        };
    };
    get_plugins_plugin: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                plugin: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Plugin"];
                };
            };
        };
    };
    put_plugins_plugin: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                plugin: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/wasm": number[];
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It is the newest version already */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Plugin"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Plugin"];
                };
            };
        };
    };
    delete_plugins_plugin: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                plugin: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    delete_plugins_plugin_versions_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                plugin: string;
                /** @description Its first digits do */
                version: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    post_producers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ProducerRequest"] | null;
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Producer"];
                };
            };
        };
    };
    post_queries: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Query"];
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
        };
    };
    get_topics: {
        parameters: {
            query?: {
                /** @description Entries after this name, in the order of names. */
                after?: string;
                /** @description At most this many entries. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Topic"];
                };
            };
        };
    };
    get_topics_topic: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                topic: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Topic"];
                };
            };
        };
    };
    put_topics_topic: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                topic: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["TopicSettings"] | null;
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description It was there */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Topic"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Topic"];
                };
            };
        };
    };
    delete_topics_topic: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                topic: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    patch_topics_topic: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                topic: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TopicSettings"];
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Topic"];
                };
            };
        };
    };
    get_topics_topic_partitions_partition_records: {
        parameters: {
            query?: {
                /** @description Stop after this many bytes, but not before the first batch; 1 MiB unless given, 16 MiB at most. */
                max_bytes?: number;
                /** @description At most this many records; 500 unless given, 50,000 at most. Raw batches are never cut. */
                max_records?: number;
                /** @description Begin at this offset. Unless an offset or a timestamp is given, at the oldest record. */
                offset?: number;
                /** @description Begin at the first record of this time or later: milliseconds since 1970, or RFC 3339. */
                timestamp?: string;
                /** @description Where there is nothing yet, wait up to this long for records; 60,000 at most. */
                wait_ms?: number;
            };
            header?: never;
            path: {
                partition: number;
                topic: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FetchAnswer"];
                    "application/octet-stream": number[];
                    "application/x-ndjson": string;
                };
            };
            /** @description The offset lies outside the log */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_topics_topic_partitions_partition_records: {
        parameters: {
            query: {
                /** @description The oldest offset to keep. */
                before: number;
            };
            header?: never;
            path: {
                partition: number;
                topic: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PartitionEnds"];
                };
            };
            /** @description The log does not reach that far */
            416: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_topics_topic_records: {
        parameters: {
            query?: {
                /** @description Go on after the record with this cursor; the header `Last-Event-ID` does the same. */
                cursor?: string;
                /** @description Go on as records come, instead of ending where the topic ends now. */
                follow?: boolean;
                /**
                 * @description `earliest`, `latest`, or a time (milliseconds since 1970, or RFC 3339). Unless given: `latest` where the stream
                 *     follows, else `earliest`.
                 */
                from?: string;
                /**
                 * @description The newest records by their time, over all partitions, and in the order of time: so many, 10,000 at most, as they are
                 *     when the call comes; then the stream ends. With `where`, the newest of those that satisfy the conditions. Not with
                 *     `from`, `follow`, `cursor` and `until`. The cursor of each record is that of the topic's end.
                 */
                last?: number;
                /** @description End after this many records. */
                limit?: number;
                /**
                 * @description Leave out records of this time or later (milliseconds since 1970, or RFC 3339). Times in a partition need not ascend,
                 *     so all of it is looked at, to its end. A stream that follows ends when the host's clock passes this time, with what is
                 *     stored by then.
                 */
                until?: string;
                /**
                 * @description A condition on the value, such as `amount>100`: the dotted path of a field of JSON, one of `=`, `!=`, `<`, `<=`, `>`,
                 *     `>=` and `~` (contains), and what to compare with: a number, a boolean or a text (with JSON's quotes where it would be
                 *     mistaken). May come up to 16 times; records that satisfy all are kept. A record without a value, whose value is not
                 *     JSON or has no such field (or null) satisfies none.
                 */
                where?: string[];
            };
            header?: {
                "last-event-id"?: string | null;
            };
            path: {
                topic: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/event-stream": string;
                };
            };
        };
    };
    post_topics_topic_records: {
        parameters: {
            query?: {
                /** @description Make a topic that is not there, with the host's defaults. Without it an unknown topic is refused: it may be mistyped. */
                create?: boolean;
                /** @description Append only where the partition ends at this offset. */
                expected_offset?: number;
                /**
                 * @description NDJSON only: the field of each value that is its key, as a dotted path. A record whose field is null or missing has
                 *     no key.
                 */
                key_path?: string;
                /** @description The partition of all records. In `application/json` each record may carry its own instead. */
                partition?: number;
            };
            header?: {
                /** @description 1 to 255 visible ASCII characters that stand for this request and no other; remembered for a day. */
                "Idempotency-Key"?: string | null;
                /** @description From `POST /v1/producers`. */
                "kafka-do-producer-epoch"?: number | null;
                /** @description From `POST /v1/producers`. */
                "kafka-do-producer-id"?: number | null;
                /** @description How many records this producer has sent to the topic before, or to the partition where the request names one. */
                "kafka-do-sequence"?: number | null;
            };
            path: {
                topic: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProduceRequest"];
                "application/octet-stream": number[];
                "application/x-ndjson": string;
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProduceAnswer"];
                };
            };
            /** @description Too much in flight: see Retry-After */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Shutting down: see Retry-After */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_transactions: {
        parameters: {
            query?: never;
            header?: {
                /** @description 1 to 255 visible ASCII characters that stand for this request and no other; remembered for a day. */
                "Idempotency-Key"?: string | null;
                /** @description From `POST /v1/producers`. */
                "kafka-do-producer-epoch"?: number | null;
                /** @description From `POST /v1/producers`. */
                "kafka-do-producer-id"?: number | null;
                /** @description How many records this producer has sent to the topic before, or to the partition where the request names one. */
                "kafka-do-sequence"?: number | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TransactionRequest"];
            };
        };
        responses: {
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TransactionAnswer"];
                };
            };
            /** @description A group stands elsewhere than expected */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Shutting down: see Retry-After */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
