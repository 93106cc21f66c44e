//! `captp-fixture ADDR`: serves the CapTP fixture at `unix:/path` or `tcp:host:port`.

use powerbox_tests::serve::Listener;

fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = Listener::bind(&address).await?;
        eprintln!("ready");
        tokio::spawn(listener.serve()).await?;
        Ok(())
    })
}
