//! What `wit-bindgen` makes of the contract, untouched. The rest of this crate gives the parts that authors use
//! better names; this module is public for what is missing there, and for the macros.
#![allow(missing_docs, unreachable_pub, unsafe_op_in_unsafe_fn, reason = "generated code")]
#![allow(
    clippy::all,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "generated code"
)]

// Everything that a plugin may want without slots of its own is in one world. What a plugin's code does not use is
// no import of its component: the linker drops unused functions, and the encoder then drops unused interfaces.
wit_bindgen::generate!({
    inline: "
        package powerbox:sdk@0.1.0;

        world sdk {
            import powerbox:plugin/types@0.1.0;
            import powerbox:plugin/output@0.1.0;
            import powerbox:plugin/log@0.1.0;
            import powerbox:plugin/registry@0.1.0;
            import powerbox:plugin/callbacks@0.1.0;
            import powerbox:plugin/store@0.1.0;
            import powerbox:plugin/http@0.1.0;
            import powerbox:plugin/clock@0.1.0;
            import powerbox:plugin/random@0.1.0;
            import endo:daemon/types@0.1.0;
            export powerbox:plugin/commands@0.1.0;
        }
    ",
    path: ["wit/powerbox-plugin", "wit/endo-daemon"],
    generate_all,
    generate_unused_types: true,
    pub_export_macro: true,
    default_bindings_module: "powerbox_sdk::bindings",
    runtime_path: "::powerbox_sdk::wit_bindgen::rt",
    bitflags_path: "::powerbox_sdk::wit_bindgen::rt::bitflags",
});

/// What only a plugin exports whose group is marked `#[receives]`. A world of its own, so that others need not.
pub mod receiving {
    wit_bindgen::generate!({
        inline: "
            package powerbox:receiving@0.1.0;

            world receiving {
                export powerbox:plugin/receiver@0.1.0;
            }
        ",
        path: ["wit/powerbox-plugin"],
        with: {
            "powerbox:plugin/types@0.1.0": crate::bindings::powerbox::plugin::types,
        },
        pub_export_macro: true,
        export_macro_name: "export_receiver",
        default_bindings_module: "powerbox_sdk::bindings::receiving",
        runtime_path: "::powerbox_sdk::wit_bindgen::rt",
        bitflags_path: "::powerbox_sdk::wit_bindgen::rt::bitflags",
    });
}

/// What only a plugin exports whose group is marked `#[migrates]`.
pub mod migrating {
    wit_bindgen::generate!({
        inline: "
            package powerbox:migrating@0.1.0;

            world migrating {
                export powerbox:plugin/migration@0.1.0;
            }
        ",
        path: ["wit/powerbox-plugin"],
        with: {
            "powerbox:plugin/types@0.1.0": crate::bindings::powerbox::plugin::types,
        },
        pub_export_macro: true,
        export_macro_name: "export_migration",
        default_bindings_module: "powerbox_sdk::bindings::migrating",
        runtime_path: "::powerbox_sdk::wit_bindgen::rt",
        bitflags_path: "::powerbox_sdk::wit_bindgen::rt::bitflags",
    });
}
