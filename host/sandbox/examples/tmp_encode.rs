//! temp
use std::time::Instant;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let module = std::fs::read(&a[1]).unwrap();
    let bytes = wit_component::ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap();
    std::fs::write(&a[2], &bytes).unwrap();
    let t = Instant::now();
    let m = powerbox_sandbox::Manifest::read(&bytes).unwrap();
    eprintln!("manifest {:?}", t.elapsed());
    println!("{}", serde_json::to_string_pretty(&m).unwrap());
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    rt.block_on(async {
        let dir = tempfile::tempdir().unwrap();
        let cache = powerbox_sandbox::CodeCache::open(dir.path(), Default::default()).unwrap();
        for _ in 0..3 {
            let t = Instant::now();
            let engine = powerbox_sandbox::Engine::new(Default::default()).unwrap();
            let e = t.elapsed();
            let c = powerbox_sandbox::Component::<()>::load(&engine, Some(&cache), bytes.clone(), |_| true).await.unwrap();
            eprintln!("engine {e:?} load {:?} {:?}", t.elapsed(), c.exports().iter().flat_map(|e| &e.functions).map(|f| f.to_string()).collect::<Vec<_>>());
        }
    });
}
