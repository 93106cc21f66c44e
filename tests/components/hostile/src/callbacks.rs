//! A command that hands out an object which does harm when it is called.

use std::hint::black_box;
use std::rc::Rc;

use powerbox_sdk::{Object, Output, Problem, callback, command};

/// Hand out an object and wait until whoever has it is done
#[command(effect = communicates)]
#[allow(clippy::panic, reason = "it is what this command is for")]
pub(crate) async fn bait(
    /// Who gets it
    #[methods("tease", "swarm", "rest")]
    object: Object,
    /// What the object does when it is called: nothing, panic, spin, rest
    #[default = "nothing"]
    does: String,
    /// The method that is told of it
    #[option]
    #[default = "tease"]
    method: String,
) -> Result<Output, Problem> {
    let object = Rc::new(object);
    let holder = Rc::clone(&object);
    let listener = callback("Listener", move |_, _| {
        let (does, holder) = (does.clone(), Rc::clone(&holder));
        async move {
            match does.as_str() {
                // Until its holder has called as often as it means to.
                "rest" => holder.call("rest".to_owned(), "#[]".to_owned(), vec![]).await.map(drop),
                "panic" => panic!("this object panics when it is called"),
                "spin" => loop {
                    black_box(());
                },
                _ => Ok(()),
            }
        }
    });
    let answer = object.call(method, "#[\"$0\"]".to_owned(), vec![&listener]).await?;
    Ok(Output::Value(answer))
}
