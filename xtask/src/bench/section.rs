//! What can be measured, and what each figure means.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// In the order of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Section {
    /// Append and fdatasync of the bare disk
    Disk,
    /// Requests of 100 records, on 1, 4 and 8 connections
    Produce,
    /// Produce that goes on long after the head is full
    Sustained,
    /// One record in flight
    Latency,
    /// 64 connections, one record a request
    Concurrent,
    /// Reading on one connection: JSON, NDJSON, raw batches
    Consume,
    /// Reading what was sealed into segments
    CatchUp,
    /// From a produce to the long poll that sees it
    EndToEnd,
    /// Start after kill -9, with a full head and more and more in the tier
    Restart,
    /// Memory at rest and after load
    Memory,
    /// From 1 to 10,000 partitions
    Partitions,
    /// A thousand members that poll, ten thousand groups at rest, and a rebalance
    Groups,
    /// The host's start on an empty folder, without and with plugins
    Start,
    /// filter-json from end to end
    Filter,
    /// Hot swaps under load
    Swap,
    /// Components beside the same functions compiled into the host
    Processors,
    /// What deployments cost that have nothing to do
    Idle,
    /// State of ten million keys: lookups, and restarts
    State,
    /// Signed webhooks, each stored before it is answered
    Webhooks,
    /// Sentences: read by the parser, and asked over HTTP
    Words,
}

impl Section {
    /// As the command line names it.
    pub(super) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Disk => "The disk",
            Self::Produce => "Produce",
            Self::Sustained => "Produce that goes on",
            Self::Latency => "One record in flight",
            Self::Concurrent => "Many small producers",
            Self::Consume => "Consume",
            Self::CatchUp => "Catch-up from warm",
            Self::EndToEnd => "From end to end",
            Self::Restart => "Restart",
            Self::Memory => "Memory",
            Self::Partitions => "Partitions",
            Self::Groups => "Consumer groups",
            Self::Start => "Start",
            Self::Filter => "A plugin",
            Self::Swap => "Hot swaps",
            Self::Processors => "Processors beside native code",
            Self::Idle => "Idle deployments",
            Self::State => "State",
            Self::Webhooks => "Webhooks",
            Self::Words => "Plain words",
        }
    }

    /// What the figures mean and how they come about.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Disk => {
                "What the file system under the host's data does without a host: one file that grows, with an fdatasync \
                 after each block. It is measured again between the other benches, and each of these stands beside the mean \
                 of the looks right before and right after it. It is the yardstick of a plain log and no ceiling: a sync \
                 after overwriting space that a file already has writes no metadata, and is several times as fast on some \
                 disks. So a ratio can be over 1."
            }
            Self::Produce => {
                "NDJSON requests of 100 records of 1 KiB, each connection with one request in flight, over HTTP on the \
                 loopback interface. A record counts when its answer has come, which is after the fsync. MiB are of values \
                 alone."
            }
            Self::Sustained => {
                "The same with 8 connections, until several times as much is written as the head may hold: sealing, upload \
                 to the tier (a folder on the same disk, so every byte is written twice) and the removal from the head run \
                 meanwhile. A request that is told to wait (429) waits as long as it is told, within the time measured. \
                 head.redb must stay bounded: its size stands beside the head's bound."
            }
            Self::Latency => {
                "One connection, one record of 1 KiB a request, the next one when the answer has come. The reference is one \
                 fdatasync of the bare disk after 4 KiB."
            }
            Self::Concurrent => {
                "64 connections, each with one request of one record in flight, every answer after its fsync. The reference \
                 is a bare hyper server that reads the same requests from the same load generator, stores nothing and \
                 answers at once: what HTTP itself costs on this machine."
            }
            Self::Consume => {
                "One connection reads records of 100 bytes that stand in the head of 4 partitions, again and again: fetches \
                 of up to 16 MiB and 50,000 records, and the call that streams a whole topic. The reference is a bare hyper \
                 server that sends as many bytes in answers of the same size, on one connection, from memory."
            }
            Self::CatchUp => {
                "A topic is filled far past the head's bound, the host is started anew, and everything that it and the \
                 kernel may have cached of the data is dropped. Then one connection reads the topic from its first record, \
                 nearly all of it from segments. The reference is a program that does nothing but read the segment files, \
                 one after the other, after the same was dropped again."
            }
            Self::EndToEnd => {
                "A long poll waits at the end of a partition, then a record is produced on another connection: the time from \
                 the first byte of the produce to the last byte of the poll's answer, which comes after the fsync. The \
                 reference is one fdatasync of the bare disk after 4 KiB."
            }
            Self::Restart => {
                "The head is filled, the host killed (kill -9) and started over the same folder: the time from the start of \
                 the process to the line that says that it serves, the median of several. Then the same with more and more in \
                 the tier. The reference is reading head.redb once, from the kernel's cache. Restart must stay below two \
                 seconds, and must not grow with the tier."
            }
            Self::Memory => {
                "Resident memory of the host's process (VmRSS). At rest it stands beside that of the program that measures, \
                 a hyper server and client; after the loads beside the same host at rest. Anonymous memory is what cannot be \
                 dropped: the rest are pages of the binary."
            }
            Self::Partitions => {
                "One topic of more and more partitions: 8 connections write requests of 100 records of 1 KiB, each to the \
                 partition after the last one's; then the host is stopped and started over the same folder. Start and memory \
                 stand beside those of one partition."
            }
            Self::Groups => {
                "Members of one group over a topic of 1,000 partitions, each polling twice a second and committing what it was \
                 given, while 2,000 records a second come; beside groups that were joined and left. A poll is timed from \
                 when it is due. The same for as long again without records shows that polls leave nothing behind. Then 100 members over the same partitions, of which one leaves and another comes: the others \
                 go on with what they have, and only what must move does."
            }
            Self::Processors => {
                "The flights stand in a topic of one partition; a new deployment reads them from the start. Records by the \
                 seconds that the host kept a core busy, all in: reading, the call, encoding, the fsync. The reference is \
                 the same function in Rust, compiled into the same host in the component's place. The median of several \
                 passes after one that is not counted."
            }
            Self::Idle => {
                "Deployments of one plugin over one topic, each of which has processed a record: what the host's resident \
                 memory has grown by each, right afterwards and once they have rested and given their instances back."
            }
            Self::State => {
                "A plugin counts ten million keys, which come in no order, in one table. Then records come one at a time, each \
                 a point get through the SDK at some place of the table: how long the host takes to answer, as its own \
                 histogram has it (`state_get_seconds`; a figure is the upper bound of its bucket). Then the host is started \
                 over the same folder: nothing is rebuilt."
            }
            Self::Webhooks => {
                "webhook-github on a host with a topic of one partition: 64 connections, each with one signed event of 1 KiB in \
                 flight, each event with an id of its own. An answer comes after the signature was checked in the sandbox, \
                 the id was looked up and written down, and the record was synced. The reference is a bare hyper server that \
                 reads the same requests from the same sender, stores nothing and answers at once."
            }
            Self::Words => "The sentences of the parser's table, said to the component, and to a host as dry runs.",
            Self::Start => "The host's start on an empty folder, as it tells of it, the median of several.",
            Self::Filter => {
                "Real records stand in a topic; a new deployment of filter-json reads them from the first one, and writes \
                 what it keeps into another topic. A busy core is a second of CPU time of the whole host."
            }
            Self::Swap => {
                "filter-json is swapped for itself with another threshold, at rest and while records flow. The pause is how \
                 long a partition stands still."
            }
        }
    }
}
