//! The contract in Rust, generated from `wit/`. Parameters borrow, so that a record's bytes go from their batch into the
//! guest's memory in one copy.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "processing",
    imports: { default: trappable },
    exports: { default: async },
    ownership: Borrowing { duplicate_if_necessary: true },
    with: { "kafka-do:plugin/state.table": super::imports::state::Table },
});
