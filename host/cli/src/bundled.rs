use powerbox_core::Bundled;

/// The plugins that come with the program, and which of their slots reach the names of whoever runs a command.
pub(crate) const PLUGINS: &[Bundled] = &[
    Bundled { bytes: include_bytes!(env!("POWERBOX_AGENTS")), own_names: &["maker", "names"] },
    Bundled { bytes: include_bytes!(env!("POWERBOX_STORAGE")), own_names: &["inventory"] },
    Bundled { bytes: include_bytes!(env!("POWERBOX_SYSTEM")), own_names: &[] },
];
