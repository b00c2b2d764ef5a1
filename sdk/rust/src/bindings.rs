//! The contract in `wit/`, generated into Rust. Nothing else lives here; it is the only file of the crate
//! with relaxed lints.
//!
//! Each optional interface has a world of its own, since a component has to export all of a world: the macro
//! `provider!` exports only the worlds of the interfaces it is given. They share the types of the first world, so
//! that there is one `Error` and one `Request`.

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

pub mod embeddings {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package wharf:sdk;
            world embeddings {
                export wharf:provider/embeddings@0.1.0;
            }
        ",
        world: "wharf:sdk/embeddings",
        with: { "wharf:provider/types@0.1.0": crate::bindings::wharf::provider::types },
        pub_export_macro: true,
        default_bindings_module: "wharf_provider_sdk::bindings::embeddings",
        additional_derives: [PartialEq],
    });
}

pub mod tokens {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package wharf:sdk;
            world tokens {
                export wharf:provider/tokens@0.1.0;
            }
        ",
        world: "wharf:sdk/tokens",
        with: { "wharf:provider/types@0.1.0": crate::bindings::wharf::provider::types },
        pub_export_macro: true,
        default_bindings_module: "wharf_provider_sdk::bindings::tokens",
        additional_derives: [PartialEq],
    });
}

pub mod models {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package wharf:sdk;
            world models {
                export wharf:provider/models@0.1.0;
            }
        ",
        world: "wharf:sdk/models",
        with: { "wharf:provider/types@0.1.0": crate::bindings::wharf::provider::types },
        pub_export_macro: true,
        default_bindings_module: "wharf_provider_sdk::bindings::models",
        additional_derives: [PartialEq],
    });
}
