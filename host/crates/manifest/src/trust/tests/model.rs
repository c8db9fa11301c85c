//! The trust rules once more, as short as they can be said, from the design and not from the code:
//! is this package believed? The real decision must agree in thousands of small worlds.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Whether everything that must hold does.
fn believed(w: &World) -> bool {
    let (manifest, plugin) = (sha256(&w.manifest), crate::parse_manifest(&w.manifest).unwrap());
    let (component, plugin) = (Digest::from_bytes([0x0a; 32]), plugin.predicate);
    let now = w.now.max(w.root.issued).max(w.allow.issued);
    let follows = |now: u64, seen: u64| now >= seen && now - seen <= 1 << 20;
    let live = |key: &KeyId| w.root.keys.contains_key(key) && !w.root.revoked.keys.contains(key);
    let signed = |seeds: &[u8], role: &RoleKeys| {
        let voices: BTreeSet<KeyId> = seeds.iter().map(|seed| id(*seed)).filter(live).collect();
        voices.iter().filter(|key| role.keys.contains(key)).count() >= role.threshold as usize
    };
    // The three documents: signed by those they name, not older than any that was seen here.
    let roles = &w.root.roles;
    let documents = signed(&w.root_signers, &roles.root)
        && signed(&w.allow_signers, &roles.allowlist)
        && signed(&w.deny_signers, &roles.allowlist)
        && now < w.root.expires
        && w.seen.root_version.is_none_or(|seen| follows(w.root.version, seen))
        && w.seen.allow_version.is_none_or(|seen| follows(w.allow.version, seen))
        && w.seen.deny_version.is_none_or(|seen| follows(w.deny.version, seen));
    // Nobody known speaks in two roles; nobody whose word counts says no.
    let all = || w.approvals.iter().map(|(approval, _)| approval);
    let known = || all().filter(|it| w.root.keys.contains_key(&it.principal));
    let denied = |target: DenyTarget| w.deny.entries.iter().any(|entry| entry.target == target);
    let counts = |it: &Approval| {
        w.root.role(it.role).keys.contains(&it.principal)
            && live(&it.principal)
            && !denied(DenyTarget::Key(it.principal))
    };
    let two = |it: &Approval| known().any(|o| o.principal == it.principal && o.role != it.role);
    let clean =
        !known().any(two) && !known().any(|it| counts(it) && it.decision == Decision::Reject);
    // Enough distinct people in each role, and the publisher within the longest matching prefix.
    let voices = |role: Role| -> BTreeSet<KeyId> {
        let yes = known().filter(|it| counts(it) && it.role == role && now < it.expires);
        yes.map(|it| it.principal).collect()
    };
    let scopes = w.root.publisher_scopes.iter();
    let mine = scopes.filter(|scope| plugin.id.as_str().starts_with(&scope.prefix));
    let publishers = mine.max_by_key(|scope| scope.prefix.len()).map(|scope| &scope.keys);
    let may = voices(Role::Publisher)
        .iter()
        .filter(|key| publishers.is_some_and(|it| it.contains(key)))
        .count();
    // Listed with these very bytes, in time or in grace, not revoked, not older than what ran.
    let listed = w.allow.entries.iter().find(|it| it.manifest_sha256 == manifest);
    let ran = w.seen.release.unwrap_or(0);
    let grace = if ran == plugin.release { 7 * DAY } else { 0 };
    let in_time = now < w.allow.expires.plus_millis(grace);
    documents
        && clean
        && may >= roles.publisher.threshold as usize
        && listed.is_some_and(|it| voices(Role::Reviewer).len() >= it.reviewers_required as usize)
        && listed.is_some_and(|it| plugin.release >= it.release_min.unwrap_or(0))
        && in_time
        && (ran == 0 || follows(plugin.release, ran))
        && !w.root.revoked.manifests.contains(&manifest)
        && !w.root.revoked.components.contains(&component)
        && ![manifest, component].into_iter().any(|it| denied(DenyTarget::Digest(it)))
        && w.component.is_none_or(|given| given == component)
}

/// One thing that is otherwise.
#[derive(Debug, Clone)]
enum Change {
    Drop(usize),
    Late(usize),
    No(usize),
    Role(usize, bool),
    Person(usize, u8),
    Another(u8, bool),
    AllowSigners(Vec<u8>),
    DenySigners(Vec<u8>),
    RootSigners(Vec<u8>),
    Now(u64),
    AllowEnds(u64),
    Required(u32),
    MayPublish(usize, u8),
    Threshold(bool, u32),
    Deny(u8, u8),
    Revoke(u8, u8),
    Ran(u64),
    ReleaseMin(u64),
    Leap(u64),
    Seen(u8, u64),
    OtherBytes,
    OtherComponent,
}

fn change() -> impl Strategy<Value = Change> {
    use Change::*;
    let (which, seed) = (0..4_usize, 1..10_u8);
    let seeds = || prop::collection::vec(1..10_u8, 0..4);
    prop_oneof![
        which.clone().prop_map(Drop),
        which.clone().prop_map(Late),
        which.clone().prop_map(No),
        (which.clone(), any::<bool>()).prop_map(|(at, to)| Role(at, to)),
        (which.clone(), seed.clone()).prop_map(|(at, seed)| Person(at, seed)),
        (seed.clone(), any::<bool>()).prop_map(|(seed, role)| Another(seed, role)),
        seeds().prop_map(AllowSigners),
        seeds().prop_map(DenySigners),
        seeds().prop_map(RootSigners),
        (0..400_u64).prop_map(Now),
        (1..400_u64).prop_map(AllowEnds),
        (0..4_u32).prop_map(Required),
        (0..2_usize, seed.clone()).prop_map(|(at, seed)| MayPublish(at, seed)),
        (any::<bool>(), 1..3_u32).prop_map(|(role, to)| Threshold(role, to)),
        (0..3_u8, seed.clone()).prop_map(|(what, seed)| Deny(what, seed)),
        (0..3_u8, seed).prop_map(|(what, seed)| Revoke(what, seed)),
        (6..9_u64).prop_map(Ran),
        (6..9_u64).prop_map(ReleaseMin),
        (1 << 20..(1 << 20) + 10_u64).prop_map(Leap),
        (0..3_u8, 1..7_u64).prop_map(|(which, version)| Seen(which, version)),
        Just(OtherBytes),
        Just(OtherComponent),
    ]
}

impl Change {
    fn make(self, w: &mut World) {
        let role = |reviewer| if reviewer { super::Role::Reviewer } else { super::Role::Publisher };
        let manifest = sha256(&w.manifest);
        let component = Digest::from_bytes([0x0a; 32]);
        let approvals = w.approvals.len();
        let one = |at: usize| at.checked_rem(approvals);
        match self {
            Self::Drop(at) => drop(one(at).map(|at| w.approvals.remove(at))),
            Self::Late(at) => one(at).into_iter().for_each(|at| w.approvals[at].0.expires = NOW),
            Self::No(at) => {
                one(at).into_iter().for_each(|at| w.approvals[at].0.decision = Decision::Reject);
            }
            Self::Role(at, to) => {
                one(at).into_iter().for_each(|at| w.approvals[at].0.role = role(to));
            }
            Self::Person(at, seed) => one(at).into_iter().for_each(|at| {
                (w.approvals[at].0.principal, w.approvals[at].1) = (id(seed), seed);
            }),
            Self::Another(seed, to) => w.approvals.push(approval(&w.manifest, seed, role(to))),
            Self::AllowSigners(seeds) => w.allow_signers = seeds,
            Self::DenySigners(seeds) => w.deny_signers = seeds,
            Self::RootSigners(seeds) => w.root_signers = seeds,
            Self::Now(days) => w.now = NOW.plus_millis(days * DAY),
            Self::AllowEnds(days) => w.allow.expires = NOW.plus_millis(days * DAY),
            Self::Required(reviewers) => w.allow.entries[0].reviewers_required = reviewers,
            Self::MayPublish(at, seed) => w.root.publisher_scopes[at].keys = vec![id(seed)],
            Self::Threshold(true, to) => w.root.roles.reviewer.threshold = to,
            Self::Threshold(false, to) => w.root.roles.publisher.threshold = to,
            Self::Deny(what, seed) => {
                let target = match what {
                    0 => DenyTarget::Digest(manifest),
                    1 => DenyTarget::Digest(component),
                    _ => DenyTarget::Key(id(seed)),
                };
                w.deny.entries.push(DenyEntry { target, reason: "x".into(), at: NOW });
            }
            Self::Revoke(0, _) => w.root.revoked.manifests.push(manifest),
            Self::Revoke(1, _) => w.root.revoked.components.push(component),
            Self::Revoke(_, seed) => w.root.revoked.keys.push(id(seed)),
            Self::Ran(release) => w.seen.release = Some(release),
            Self::ReleaseMin(release) => w.allow.entries[0].release_min = Some(release),
            Self::Leap(release) => {
                w.allow.version = release;
                w.seen.allow_version = Some(5);
            }
            Self::Seen(0, version) => w.seen.root_version = Some(version),
            Self::Seen(1, version) => w.seen.allow_version = Some(version),
            Self::Seen(_, version) => w.seen.deny_version = Some(version),
            Self::OtherBytes => w.allow.entries[0].manifest_sha256 = sha256(b"other"),
            Self::OtherComponent => w.component = Some(sha256(b"other")),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(mutants::cases()))]

    #[test]
    fn the_decision_is_the_models(changes in prop::collection::vec(change(), 0..4)) {
        let mut world = world();
        changes.into_iter().for_each(|change| change.make(&mut world));
        let files = world.files();
        let decided = world.judge(&files);
        prop_assert_eq!(decided.is_ok(), believed(&world), "{:?}", decided.map(|_| ()));
        // What is remembered of the allow-list leads to the same decision.
        if let Some(remembered) = memory::judge(&world, &files) {
            prop_assert_eq!(remembered.is_ok(), decided.is_ok());
        }
    }
}
