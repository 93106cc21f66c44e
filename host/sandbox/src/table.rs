//! The host's handles while they are in a compartment.

/// Handles by the number under which the guest's resources stand for them.
///
/// Numbers are used again after a handle has left, which is safe since wasmtime drops its own entry first.
#[derive(Debug)]
pub(crate) struct Table<H> {
    entries: Vec<Option<H>>,
    free: Vec<u32>,
}

impl<H> Table<H> {
    pub(crate) fn new() -> Table<H> {
        Table { entries: Vec::new(), free: Vec::new() }
    }

    /// Puts a handle in, unless there are `u32::MAX` already.
    pub(crate) fn insert(&mut self, handle: H) -> Result<u32, H> {
        if let Some(number) = self.free.pop()
            && let Some(entry) = self.entries.get_mut(number as usize)
        {
            *entry = Some(handle);
            return Ok(number);
        }
        match u32::try_from(self.entries.len()) {
            Ok(number) => {
                self.entries.push(Some(handle));
                Ok(number)
            }
            Err(_) => Err(handle),
        }
    }

    pub(crate) fn get(&self, number: u32) -> Option<&H> {
        self.entries.get(number as usize)?.as_ref()
    }

    /// How many handles are in.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    pub(crate) fn remove(&mut self, number: u32) -> Option<H> {
        let handle = self.entries.get_mut(number as usize)?.take()?;
        self.free.push(number);
        Some(handle)
    }

    /// Takes all that are left.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = H> + '_ {
        self.free.clear();
        self.entries.drain(..).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn numbers_are_used_again_only_after_removal() {
        let mut table = Table::new();
        let a = table.insert('a').unwrap();
        let b = table.insert('b').unwrap();
        assert_ne!(a, b);
        assert_eq!(table.remove(a), Some('a'));
        assert_eq!((table.remove(a), table.get(a)), (None, None));
        assert_eq!((table.len(), table.insert('c')), (1, Ok(a)));
        assert_eq!(table.get(b), Some(&'b'));
        assert_eq!(table.drain().collect::<Vec<_>>(), ['c', 'b']);
        assert_eq!(table.get(b), None);
    }
}
