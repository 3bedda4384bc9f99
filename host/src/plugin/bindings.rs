//! The contract in Rust, generated from `wit/`: a world a role, or a form of one. Parameters borrow, so that a record's
//! bytes go from their batch into the guest's memory in one copy.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "processing",
    imports: { default: trappable },
    exports: { default: async },
    ownership: Borrowing { duplicate_if_necessary: true },
    with: { "kafka-do:plugin/state.table": super::imports::state::Table },
});

pub(super) mod columns {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "column-processing",
        imports: { default: trappable },
        exports: { default: async },
        ownership: Borrowing { duplicate_if_necessary: true },
        with: {
            "kafka-do:plugin/types": super::kafka_do::plugin::types,
            "kafka-do:plugin/log": super::kafka_do::plugin::log,
            "kafka-do:plugin/clock": super::kafka_do::plugin::clock,
            "kafka-do:plugin/state": super::kafka_do::plugin::state,
            "kafka-do:plugin/topics": super::kafka_do::plugin::topics,
        },
    });
}

// What connectors and parsers import is linked by the capability; what is bound here is what they export.

pub(super) mod sinks {
    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "package kafka-do:host; world sinking { export kafka-do:plugin/sink@0.1.0; }",
        exports: { default: async },
        ownership: Borrowing { duplicate_if_necessary: true },
        with: { "kafka-do:plugin/types": super::kafka_do::plugin::types },
    });
}

pub(super) mod sources {
    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "package kafka-do:host; world sourcing { export kafka-do:plugin/source@0.1.0; }",
        exports: { default: async },
        ownership: Borrowing { duplicate_if_necessary: true },
        with: { "kafka-do:plugin/types": super::kafka_do::plugin::types },
    });
}

pub(super) mod webhooks {
    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "package kafka-do:host; world receiving { export kafka-do:plugin/webhook@0.1.0; }",
        exports: { default: async },
        ownership: Borrowing { duplicate_if_necessary: true },
        with: { "kafka-do:plugin/types": super::kafka_do::plugin::types },
    });
}

pub(super) mod parsers {
    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "package kafka-do:host; world parsing { export kafka-do:plugin/parser@0.1.0; }",
        exports: { default: async },
        ownership: Borrowing { duplicate_if_necessary: true },
        with: { "kafka-do:plugin/types": super::kafka_do::plugin::types },
    });
}
