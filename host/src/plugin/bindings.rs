//! The contract in Rust, generated from `wit/`: a world a form of the processing role. Parameters borrow, so that a record's
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
