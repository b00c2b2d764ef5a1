//! The contract in `wit/`, generated for the host. Nothing else lives here; it is the only file of the
//! crate with relaxed lints.
//!
//! Arguments are lowered from borrowed data (`ownership: Borrowing`): a request with a megabyte of picture
//! goes into the guest with one copy, and another attempt needs no clone.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package wharf:host;
        world host {
            import wharf:provider/config@0.1.0;
            import wharf:provider/log@0.1.0;
            export wharf:provider/provider@0.1.0;
        }
    ",
    world: "wharf:host/host",
    exports: { default: async },
    ownership: Borrowing { duplicate_if_necessary: true },
});
