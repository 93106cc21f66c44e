//! Plugins made by hand, byte by byte, for what no toolchain makes: values that lie, code that traps where none should.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use powerbox_core::registry::{
    Command, CommandGroup, Effect, NameRight, Parameter, ParameterKind, ParameterStyle,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::world::World;

/// The export whose core function a plugin's `run` is: four parameters (the command's name and its length, the
/// arguments and their count) and one result (where the result lies).
pub const RUN: &str = "powerbox:plugin/commands@0.1.0#run";

/// Where the data begins. Below is room for what code stores; above the data is what `cabi_realloc` gives.
const DATA: u32 = PAGE;
const PAGE: u32 = 64 << 10;

/// The memory of a core module as it is at the start: what texts, lists and records are made of.
#[derive(Clone, Debug, Default)]
pub struct Data(Vec<u8>);

impl Data {
    /// Puts bytes at the next place that is aligned for everything; gives the address.
    pub fn bytes(&mut self, bytes: &[u8]) -> u32 {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        let address = DATA + number(self.0.len());
        self.0.extend_from_slice(bytes);
        address
    }

    /// Puts words of 32 bits.
    pub fn words(&mut self, words: &[u32]) -> u32 {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.bytes(&bytes)
    }

    /// Puts a text, or what passes for one; gives its address and length, which is how texts are passed.
    pub fn text(&mut self, text: impl AsRef<[u8]>) -> [u32; 2] {
        let text = text.as_ref();
        [self.bytes(text), number(text.len())]
    }

    /// Puts a list of texts; gives its address and length.
    pub fn texts<S: AsRef<[u8]>>(&mut self, texts: &[S]) -> [u32; 2] {
        let texts: Vec<_> = texts.iter().map(|text| self.text(text).to_vec()).collect();
        self.list(&texts)
    }

    /// Puts a list of records, each given as its words.
    pub fn list(&mut self, items: &[Vec<u32>]) -> [u32; 2] {
        [self.words(&items.concat()), number(items.len())]
    }

    /// Puts what `describe` gives; gives its address.
    pub fn describe(&mut self, group: &CommandGroup) -> u32 {
        let parts = [self.text(&group.name), self.text(&group.summary), self.commands(&group.commands)];
        self.words(&parts.concat())
    }

    /// Puts the commands of a group.
    pub fn commands(&mut self, commands: &[Command]) -> [u32; 2] {
        let commands: Vec<_> = commands.iter().map(|command| self.command(command)).collect();
        self.list(&commands)
    }

    fn command(&mut self, command: &Command) -> Vec<u32> {
        let effect = match &command.effect {
            Effect::Other(word) => self.case(5, Some(word)),
            effect => [effect.rank().into(), 0, 0],
        };
        let parameters: Vec<_> =
            command.parameters.iter().map(|parameter| self.parameter(parameter)).collect();
        let mut words = self.text(&command.name).to_vec();
        words.extend(self.texts(&command.aliases));
        for text in [&command.summary, &command.details, &command.category] {
            words.extend(self.text(text));
        }
        words.extend(effect);
        words.extend(self.list(&parameters));
        words
    }

    fn parameter(&mut self, parameter: &Parameter) -> Vec<u32> {
        let kind = match &parameter.kind {
            ParameterKind::Text => [0, 0, 0],
            ParameterKind::Integer => [1, 0, 0],
            ParameterKind::Boolean => [2, 0, 0],
            ParameterKind::Choice => [3, 0, 0],
            ParameterKind::Duration => [4, 0, 0],
            ParameterKind::Secret => [5, 0, 0],
            ParameterKind::Json => [6, 0, 0],
            ParameterKind::Source => [7, 0, 0],
            ParameterKind::MessageNumber => [8, 0, 0],
            ParameterKind::EdgeName => [9, 0, 0],
            ParameterKind::Locator => [10, 0, 0],
            ParameterKind::Endowments => [11, 0, 0],
            ParameterKind::Message => [12, 0, 0],
            ParameterKind::Object(methods) => {
                let [address, count] = self.texts(methods);
                [13, address, count]
            }
            ParameterKind::Name(rights) => [14, rights.iter().map(|right| flag(*right)).sum(), 0],
            ParameterKind::NewName => [15, 0, 0],
            ParameterKind::Directory => [16, 0, 0],
            ParameterKind::File => [17, 0, 0],
            ParameterKind::Other(word) => self.case(18, Some(word)),
        };
        let style = match &parameter.style {
            ParameterStyle::Positional => [0, 0, 0],
            ParameterStyle::Option(None) => [1, 0, 0],
            ParameterStyle::Option(Some(letter)) => [1, 1, (*letter).into()],
            ParameterStyle::Other(word) => self.case(2, Some(word)),
        };
        let default = self.case(parameter.default.is_some().into(), parameter.default.as_ref());
        let mut words = self.text(&parameter.name).to_vec();
        words.extend(self.text(&parameter.label));
        words.extend(kind);
        words.extend(style);
        words.push(u32::from(parameter.required) | u32::from(parameter.repeated) << 8);
        words.extend(default);
        words.extend(self.texts(&parameter.choices));
        words.extend(self.text(&parameter.help));
        words
    }

    /// A case of a variant whose payload is a text, or none.
    fn case(&mut self, case: u32, text: Option<&String>) -> [u32; 3] {
        let [address, length] = text.map_or([0, 0], |text| self.text(text));
        [case, address, length]
    }

    fn pages(&self) -> u32 {
        (DATA + number(self.0.len())).div_ceil(PAGE) + 1
    }

    fn escaped(&self) -> String {
        self.0.iter().map(|byte| format!("\\{byte:02x}")).collect()
    }
}

fn flag(right: NameRight) -> u32 {
    match right {
        NameRight::Read => 1,
        NameRight::Write => 2,
        NameRight::Remove => 4,
        NameRight::Move => 8,
        NameRight::Cancel => 16,
        NameRight::Replace => 32,
    }
}

fn number(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// The words of `ok(message(text))`: what a `run` gives that does as it should.
pub fn message([address, length]: [u32; 2]) -> Vec<u32> {
    output(1, &[address, length])
}

/// The words of `ok(…)` with a case of `output`.
pub fn output(case: u32, payload: &[u32]) -> Vec<u32> {
    let mut words = vec![0, case];
    words.extend(payload);
    words.resize(7, 0);
    words
}

/// The words of `err(…)` with a case of `problem`.
pub fn problem(case: u32, payload: &[u32]) -> Vec<u32> {
    let mut words = vec![1, case];
    words.extend(payload);
    words.resize(7, 0);
    words
}

/// A group of commands without parameters.
pub fn group(name: &str, commands: &[&str]) -> CommandGroup {
    CommandGroup {
        name: name.to_owned(),
        summary: "Made by hand".to_owned(),
        commands: commands.iter().map(|name| command(name)).collect(),
    }
}

/// A command without parameters.
pub fn command(name: &str) -> Command {
    Command {
        name: name.to_owned(),
        aliases: Vec::new(),
        summary: "Made by hand".to_owned(),
        details: String::new(),
        category: "tests".to_owned(),
        effect: Effect::Reads,
        parameters: Vec::new(),
    }
}

/// A parameter by place.
pub fn parameter(name: &str, kind: ParameterKind) -> Parameter {
    Parameter {
        name: name.to_owned(),
        label: name.to_owned(),
        kind,
        style: ParameterStyle::Positional,
        required: true,
        repeated: false,
        default: None,
        choices: Vec::new(),
        help: "Made by hand".to_owned(),
    }
}

/// An allocator that never frees.
pub const REALLOC: &str = r#"
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
        (global.set $free (i32.add (local.get $at) (local.get 3)))
        (if (i32.gt_u (global.get $free) (i32.mul (memory.size) (i32.const 65536)))
            (then (if (i32.eq (i32.const -1) (memory.grow (i32.add (i32.const 1)
                (i32.div_u (local.get 3) (i32.const 65536))))) (then unreachable))))
        (local.get $at))
"#;

/// A plugin of which everything can be chosen.
pub struct Raw {
    /// How it describes itself.
    pub group: CommandGroup,
    /// What its world says besides the export of `commands`; further packages of the test's own come before it.
    pub world: String,
    /// Packages that its world refers to, in WIT.
    pub packages: String,
    /// Its memory.
    pub data: Data,
    /// The fields of its core module: imports first, then `run`, and whatever else.
    pub core: String,
    /// Further fields, after its memory.
    pub more: String,
    /// What stands for `describe`, if it is not to give the group.
    pub describe: Option<String>,
    /// What stands for `cabi_realloc`, if it is not to allocate.
    pub realloc: Option<String>,
}

impl Raw {
    /// One that does as it should, so far.
    pub fn new(group: CommandGroup) -> Self {
        Self {
            group,
            world: String::new(),
            packages: String::new(),
            data: Data::default(),
            core: String::new(),
            more: String::new(),
            describe: None,
            realloc: None,
        }
    }

    /// One whose commands all say a sentence.
    pub fn saying(group: CommandGroup, sentence: &str) -> Self {
        Self::giving(group, |data| {
            let sentence = message(data.text(sentence));
            data.words(&sentence)
        })
    }

    /// One whose commands all give a result, made of its memory: gives the result's address.
    pub fn giving(group: CommandGroup, result: impl FnOnce(&mut Data) -> u32) -> Self {
        let mut raw = Self::new(group);
        let result = result(&mut raw.data);
        raw.core =
            format!(r#"(func (export "{RUN}") (param i32 i32 i32 i32) (result i32) (i32.const {result}))"#);
        raw
    }

    /// Makes the component and installs it.
    ///
    /// # Errors
    ///
    /// If it is not well-formed, or is refused.
    pub async fn install(self, world: &World) -> Result<()> {
        self.install_with(world, &[]).await
    }

    /// The same with slots bound to names.
    ///
    /// # Errors
    ///
    /// If it is not well-formed, or is refused.
    pub async fn install_with(self, world: &World, bind: &[(&str, &str)]) -> Result<()> {
        let file = self.write(world)?;
        world.install_file(&file, bind).await
    }

    /// Makes the component and writes it to a file, the same one for each component of a name.
    ///
    /// # Errors
    ///
    /// If it is not well-formed, or cannot be written.
    pub fn write(self, world: &World) -> Result<PathBuf> {
        let file = world
            .folder()
            .join(format!("{}.wasm", self.group.name.replace(|c: char| !c.is_alphanumeric(), "-")));
        std::fs::write(&file, self.build()?)?;
        Ok(file)
    }

    /// Makes the component.
    ///
    /// # Errors
    ///
    /// If the code or the world is not well-formed: the test is wrong then.
    pub fn build(mut self) -> Result<Vec<u8>> {
        let described = self.data.describe(&self.group);
        let describe = self.describe.unwrap_or_else(|| format!("(i32.const {described})"));
        let (pages, data) = (self.data.pages(), self.data.escaped());
        let core = format!(
            r#"(module {core}
                (memory (export "memory") {pages})
                (global $free (mut i32) (i32.const {free}))
                (data (i32.const {DATA}) "{data}")
                (func (export "powerbox:plugin/commands@0.1.0#describe") (result i32) {describe})
                {realloc} {more})"#,
            more = self.more,
            core = self.core,
            free = (pages - 1) * PAGE,
            realloc = self.realloc.as_deref().unwrap_or(REALLOC),
        );
        let world = format!("{} export powerbox:plugin/commands@0.1.0;", self.world);
        component(&self.packages, &world, &core)
    }
}

/// Makes a component of a world, given by what is in it, with a core module. The world's packages may be those of the
/// contract, and others that are given.
///
/// # Errors
///
/// If the code or the world is not well-formed.
pub fn component(packages: &str, world: &str, module: &str) -> Result<Vec<u8>> {
    let mut module = wat::parse_str(module).context("the core module is not well-formed")?;
    let mut resolve = Resolve::default();
    for package in [("powerbox", "plugin"), ("endo", "daemon")] {
        resolve.push_path(wit(package))?;
    }
    if !packages.is_empty() {
        resolve.push_str("packages.wit", packages)?;
    }
    let package = resolve.push_str("raw.wit", &format!("package test:raw@1.0.0; world raw {{ {world} }}"))?;
    let world = resolve.select_world(&[package], Some("raw"))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
    ComponentEncoder::default().module(&module)?.validate(true).encode()
}

/// Gives a component documentation of an interface of the contract, as no author's tools would.
///
/// # Errors
///
/// If there is no such interface.
pub fn document(component: &mut Vec<u8>, package: &str, interface: &str, text: &str) -> Result<()> {
    let mut resolve = Resolve::default();
    // The other packages use it.
    if package != "powerbox:plugin" {
        resolve.push_path(wit(("powerbox", "plugin")))?;
    }
    let (id, _) = resolve.push_path(wit(package.split_once(':').context("no package")?))?;
    let found = resolve.packages.get(id).and_then(|package| package.interfaces.get(interface)).copied();
    let found = found.and_then(|found| resolve.interfaces.get_mut(found));
    found.context("there is no such interface")?.docs.contents = Some(text.to_owned());
    let content = wit_component::encode(&resolve, id, false)?;
    let name = "powerbox:docs";
    component.push(0);
    leb128(component, 1 + name.len() + content.len());
    component.push(u8::try_from(name.len())?);
    component.extend(name.as_bytes());
    component.extend(content);
    Ok(())
}

fn leb128(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Where the package of a namespace and name is.
fn wit((namespace, name): (&str, &str)) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit").join(format!("{namespace}-{name}"))
}
