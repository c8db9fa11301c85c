//! The names vMix knows: 797 functions in 17 groups, from `data/vmix-functions.csv`.
//!
//! The table only says that a name exists and where it belongs; what it does to the state is in
//! the modules beside this one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../../data/vmix-functions.csv");

static GROUPS: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    let rows = TABLE.lines().skip(1);
    rows.filter_map(|row| {
        let mut cells = row.split(',');
        Some((cells.next()?, cells.next()?))
    })
    .collect()
});

/// The group of a function, exactly spelt; none for a name vMix does not have.
pub fn group_of(function: &str) -> Option<&'static str> {
    GROUPS.get(function).copied()
}

/// Every name, in alphabetical order.
pub fn names() -> impl Iterator<Item = &'static str> {
    GROUPS.keys().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_all_names_of_the_shortcut_reference() {
        assert_eq!(names().count(), 797);
        assert_eq!(group_of("Cut"), Some("Transition"));
        assert_eq!(group_of("SetLayer3PanX"), Some("Input"));
        assert_eq!(group_of("cut"), None);
        assert_eq!(group_of("Transition"), None);
    }
}
