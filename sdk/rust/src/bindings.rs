//! The contract in `wit/`, generated into Rust. Nothing else lives here; it is the only file of the crate
//! with relaxed lints.

#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    unused_lifetimes,
    elided_lifetimes_in_paths,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::unwrap_used,
    reason = "generated code"
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "ai-provider",
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "wharf_provider_sdk::bindings",
    additional_derives: [PartialEq],
    // It holds a resource, which cannot be compared.
    additional_derives_ignore: ["stream-error"],
});
