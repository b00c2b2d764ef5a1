//! The contract in `wit/`, generated for the host. Nothing else lives here; it is the only file of the
//! crate with relaxed lints.
//!
//! The world has the optional interfaces too, so that all share one set of types. A component need not export
//! them: nobody uses the world's own struct, which wants every export, but `exports.rs`, which looks for each
//! interface by itself.
//!
//! Arguments are lowered from borrowed data (`ownership: Borrowing`): a request with a megabyte of picture
//! goes into the guest with one copy, and another attempt needs no clone.

#![allow(
    dead_code,
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
            export wharf:provider/embeddings@0.1.0;
            export wharf:provider/tokens@0.1.0;
            export wharf:provider/models@0.1.0;
        }
    ",
    world: "wharf:host/host",
    exports: { default: async },
    ownership: Borrowing { duplicate_if_necessary: true },
});
