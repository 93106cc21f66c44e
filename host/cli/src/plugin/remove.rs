use powerbox_core::Host;

use crate::exit::Failure;

pub(super) async fn remove(host: &Host, name: &str) -> Result<(), Failure> {
    host.remove_plugin(name).await?;
    eprintln!("the plugin `{name}` was removed and all it was granted was taken back");
    Ok(())
}
