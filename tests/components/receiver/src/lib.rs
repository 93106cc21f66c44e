//! A plugin that makes objects of its own and hands them out.

use std::cell::RefCell;
use std::rc::Rc;

use powerbox_sdk::{Object, Output, Passable, Problem, Value, callback, command};

powerbox_sdk::group! {
    /// Handing out objects
    #[receives]
    receiver: [listen, relay, vanish]
}

/// Hand a listener to an object, and tell what it heard until that object answered
#[command(effect = communicates)]
async fn listen(
    /// Who is to call the listener
    #[methods("subscribe")]
    object: Object,
) -> Result<Output, Problem> {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let listener = callback("Listener", {
        let heard = Rc::clone(&heard);
        move |method, arguments: Passable| {
            let heard = Rc::clone(&heard);
            async move {
                let json = arguments.to_json().ok_or_else(|| Problem::invalid("only JSON is listened to"))?;
                heard.borrow_mut().push(format!("{method}{json}"));
                Ok(())
            }
        }
    });
    object.call("subscribe".to_owned(), "#[\"$0\"]".to_owned(), vec![&listener]).await?;
    Ok(Output::lines(heard.take()))
}

/// Hand an object out that passes each message on to another, and answers with what that answers
#[command(effect = communicates)]
async fn relay(
    /// Who is to call, and is called back
    #[methods("subscribe", "echo")]
    object: Object,
) -> Result<Output, Problem> {
    let target = Rc::new(object);
    let relay = callback("Relay", {
        let target = Rc::clone(&target);
        move |method, arguments: Passable| {
            let target = Rc::clone(&target);
            async move {
                let Value::List(arguments) = arguments.decode()? else {
                    return Err(Problem::invalid("the arguments are no list"));
                };
                Passable::encode(target.call_with(&method, arguments).await?)
            }
        }
    });
    target.call("subscribe".to_owned(), "#[\"$0\"]".to_owned(), vec![&relay]).await?;
    Ok(Output::message("relayed"))
}

/// Hand an object out and end without waiting for anyone
#[command(effect = communicates)]
async fn vanish(
    /// Who gets the object
    #[methods("subscribe")]
    object: Object,
) -> Result<Output, Problem> {
    let listener = callback("Listener", |_, _| async { Ok(()) });
    object.send("subscribe".to_owned(), "#[\"$0\"]".to_owned(), vec![&listener]).await?;
    Ok(Output::message("gone"))
}
