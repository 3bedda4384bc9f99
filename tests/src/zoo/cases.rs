//! The table of cases. Those that take the host's longest time stand first, so that they run beside one another.

use super::{Case, End, MARKED};

const fn misbehave(mode: &'static str, end: End) -> Case {
    Case { guest: "misbehave", mode: Some(mode), end }
}

const fn guest(guest: &'static str, end: End) -> Case {
    Case { guest, mode: None, end }
}

const fn upload_refused(code: &'static str, says: &'static str) -> End {
    End::UploadRefused { code, says }
}

const fn not_opened(says: &'static str) -> End {
    End::DeployRefused { status: 422, code: "plugin-refused", says }
}

/// It fails with whatever it is given, and is tried again.
const fn fails(says: &'static str) -> End {
    End::Stands { state: "failing", next_offset: 0, says }
}

/// It is not tried again until an operator has looked.
const fn stops(says: &'static str) -> End {
    End::Stands { state: "stopped", next_offset: 0, says }
}

const PASSES: End = End::Passes { dead_letters: 0 };
const PASSES_BUT_ONE: End = End::Passes { dead_letters: 1 };

pub const ZOO: &[Case] = &[
    misbehave("loop-forever", fails("process took longer than 5000 ms")),
    misbehave("loop-over-imports", fails("process took longer than 5000 ms")),
    misbehave("loop-in-advance", fails("advance took longer than 5000 ms")),
    misbehave("sleep-in-process", fails("process took longer than 5000 ms")),
    misbehave("loop-in-open", not_opened("open took longer than 5000 ms")),
    misbehave("loop-in-close", PASSES),
    guest("describe-loops", upload_refused("describe-failed", "longer than 1000 ms")),
    guest("describe-asks", upload_refused("describe-failed", "clock@0.1.0#now-ms")),
    guest("describe-hogs", upload_refused("describe-failed", "more memory than")),
    guest("describe-babbles", upload_refused("describe-failed", "over the 262144 allowed")),
    guest(
        "other-role",
        End::DeployRefused { status: 400, code: "not-of-this-role", says: "is a parser, which has no inputs" },
    ),
    guest("unknown-import", upload_refused("import-not-granted", "other:thing/oracle")),
    guest("filter-next", End::SwapRefused { code: "state-table-vanished", says: "scratch" }),
    guest("counter-state", PASSES),
    guest("alarm", PASSES),
    misbehave("pass", PASSES),
    misbehave("open-fails", not_opened("told to fail when opened")),
    misbehave("trap-in-open", not_opened("open trapped: wasm trap: wasm `unreachable`")),
    misbehave("write-in-open", not_opened("state cannot be written in open")),
    misbehave(
        "trap-in-process",
        End::Stands { state: "failing", next_offset: MARKED, says: "process trapped: wasm trap: wasm `unreachable`" },
    ),
    misbehave("trap-always", fails("the plugin said: panicked at")),
    misbehave("trap-after-writes", fails("process trapped: wasm trap: wasm `unreachable`")),
    misbehave("trap-in-advance", fails("advance trapped: wasm trap: wasm `unreachable`")),
    misbehave("trap-in-close", PASSES),
    misbehave("hog-memory", fails("more memory than the 134217728 bytes")),
    misbehave("hog-state", stops("larger than the host's limit of 33554432 bytes")),
    misbehave("huge-outcome", fails("it handed over more than the 67108864 bytes of one call")),
    misbehave("huge-record", fails("a record of 9437184 bytes is over the 8388608 bytes")),
    misbehave("huge-log-line", fails("it handed over more than the 67108864 bytes of one call")),
    misbehave("many-records", fails("over the 100000 of one call")),
    misbehave("log-flood", PASSES),
    misbehave("wrong-topic", fails("topic not-granted, which is not granted")),
    misbehave("wrong-partition", fails("the plugin broke its contract: it emitted a record where nothing is")),
    misbehave("unknown-table", stops("no table \"undescribed\" in the plugin's description")),
    misbehave("fatal", stops("the plugin cannot go on: told to be fatal")),
    misbehave("retry-after-writes", fails("told to ask for another try")),
    misbehave("reject-marked", PASSES_BUT_ONE),
    misbehave("reject-after-writes", PASSES_BUT_ONE),
    misbehave("reject-outside", fails("it rejected offset 50 of partition 0 of in, which was not in the batch")),
    misbehave("reject-twice", fails("it rejected a record twice")),
    misbehave("reject-in-advance", fails("it rejected offset 0 in advance")),
    misbehave("deep-recursion", fails("process trapped: wasm trap: out of bounds memory access")),
];
