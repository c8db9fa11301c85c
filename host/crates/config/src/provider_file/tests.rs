//! Reading, and edits that lose nothing.

use super::*;
use crate::SecretReference;
use if_core::{Code, Explain};
use proptest::prelude::*;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;

const FILE: &str = "\
# The cameras of house A.
instances:
  # Do not touch during shows.
  studio: # main
    host: 10.0.0.5
    port: 4455
    private_network: true
    hosts: [10.0.0.5]
    secrets:
      password: env:OBS_PASSWORD
    # end of studio

  # The small one.
  lobby:
    host: lobby.local
# The end.
";

/// A provider file in a folder of its own.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn with(text: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs_err::write(place.path(), text).unwrap();
        place
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("obs.yaml")
    }

    fn text(&self) -> String {
        fs_err::read_to_string(self.path()).unwrap()
    }

    fn load(&self) -> Result<ProviderFile, ConfigError> {
        ProviderFile::load(&self.path())
    }

    /// The message behind the path, and the hints.
    fn refusal(&self) -> (String, Vec<String>) {
        let error = self.load().unwrap_err();
        let message = error.to_string();
        let file = self.path().display().to_string();
        (message.strip_prefix(&file).unwrap_or(&message).to_owned(), error.hints())
    }
}

fn word(text: &str) -> Word {
    Word::new(text).unwrap()
}

fn instance(name: &str, settings: Value) -> Instance {
    let mut instance = Instance::new(word("obs"), word(name));
    instance.settings = settings.as_object().unwrap().clone();
    instance
}

#[test]
fn a_file_becomes_instances_in_its_order() {
    let file = Place::with(FILE).load().unwrap();
    assert_eq!(file.provider(), &word("obs"));
    assert_eq!(file.names(), [word("studio"), word("lobby")]);
    let mut expect = instance("studio", json!({"host": "10.0.0.5", "port": 4455}));
    expect.private_network = true;
    expect.hosts = Some(vec!["10.0.0.5".to_owned()]);
    expect.secrets.insert(word("password"), SecretReference::Env("OBS_PASSWORD".to_owned()));
    assert_eq!(file.instance("studio").unwrap(), &expect);
}

#[test]
fn a_missing_or_empty_file_has_no_instances() {
    let place = Place::with("");
    for text in ["", "# none\n", "instances:\n", "instances: {}\n"] {
        fs_err::write(place.path(), text).unwrap();
        assert_eq!(place.load().unwrap().instances(), [], "{text}");
    }
    fs_err::remove_file(place.path()).unwrap();
    assert_eq!(place.load().unwrap().instances(), []);
}

#[test]
fn only_true_and_false_are_booleans() {
    let place = Place::with("instances:\n  on:\n    host: no\n    tls: true\n    mode: yes\n");
    let file = place.load().unwrap();
    let expect = json!({"host": "no", "tls": true, "mode": "yes"});
    assert_eq!(file.instance("on").unwrap().settings, *expect.as_object().unwrap());
}

#[test]
fn the_list_of_hosts_is_bounded() {
    let with = |count: usize| {
        let hosts = vec!["a.example"; count].join(", ");
        Place::with(&format!("instances:\n  a:\n    hosts: [{hosts}]\n")).load()
    };
    assert_eq!(with(64).unwrap().instances()[0].hosts.as_ref().unwrap().len(), 64);
    assert!(with(65).unwrap_err().to_string().contains("at most 64 host names"));
}

#[test]
fn the_files_name_is_the_provider() {
    for name in ["obs.yml", "OBS.yaml", ".yaml", "obs"] {
        let error = ProviderFile::load(Path::new(name)).unwrap_err();
        assert!(matches!(error, ConfigError::FileName(_)), "{name}");
    }
}

#[test]
fn an_unknown_instance_is_told_with_its_neighbour() {
    let file = Place::with(FILE).load().unwrap();
    let error = file.instance("studoi").unwrap_err();
    assert_eq!(error.code(), Code::InstanceUnknown);
    assert_eq!(error.to_string(), "obs has no instance `studoi`");
    assert_eq!(error.hints(), ["did you mean `studio`?"]);
    assert_eq!(file.instance("kitchen").unwrap_err().hints(), ["ifctl obs list"]);
    let none = Place::with("").load().unwrap();
    assert_eq!(none.instance("studio").unwrap_err().hints(), ["ifctl obs add --help"]);
}

#[test]
fn what_is_wrong_is_told_with_line_and_column() {
    for (text, expect) in [
        ("instances:\n  Studio:\n    host: a\n", ":2:3: name `Studio` must match"),
        ("instances:\n  a:\n    private_network: maybe\n", ":3:22: `private_network` must be true"),
        ("instances:\n  a:\n    hosts: 10.0.0.5\n", ":3:12: `hosts` must be a list"),
        ("instances:\n  a:\n    hosts: [\"\"]\n", ":3:12: `hosts` must be a list"),
        ("instances:\n  a:\n    secrets: [x]\n", ":3:14: `secrets` must be a mapping"),
        ("instances:\n  a:\n    host: x\n    host: y\n", ":4:5: key `host` stands twice"),
        ("instances:\n  a:\n    host: x\n  a:\n    host: y\n", ":4:3: key `a` stands twice"),
        ("instances:\n  a: 5\n", ":2:6: "),
        ("instances:\n  a:\n    host: [1\n", ":3:"),
        ("instances:\n\ta:\n", ":2:"),
    ] {
        let place = Place::with(text);
        let (message, _) = place.refusal();
        assert!(message.starts_with(expect), "{text:?}: {message}");
        assert_eq!(place.load().unwrap_err().code(), Code::Config);
    }
    let (message, hints) = Place::with("instance:\n  a:\n").refusal();
    assert_eq!(message, ":1:1: unknown key `instance`");
    assert_eq!(hints, ["did you mean `instances`?"]);
}

#[test]
fn a_file_beyond_the_cap_is_not_read() {
    let place = Place::with(&"#".repeat(yaml::FILE_BYTES_MAX + 1));
    assert!(matches!(place.load(), Err(ConfigError::FileTooLarge { .. })));
    fs_err::write(place.path(), "#".repeat(yaml::FILE_BYTES_MAX)).unwrap();
    assert!(place.load().is_ok());
}

#[test]
fn a_secret_in_plain_text_is_refused_wherever_it_stands() {
    for text in [
        "instances:\n  studio:\n    password: hunter2\n",
        "instances:\n  studio:\n    password: 20022002\n",
        "instances:\n  studio:\n    secrets:\n      password: hunter2\n",
        "instances:\n  studio:\n    secrets:\n      password: 20022002\n",
        "instances:\n  studio:\n    secrets:\n      password: env:hunter 20022002\n",
    ] {
        let place = Place::with(text);
        let error = place.load().unwrap_err();
        assert_eq!(error.code(), Code::ConfigLiteralSecret, "{text}");
        assert_eq!(error.hints().first().unwrap(), "ifctl secret set obs studio password");
        let all = format!("{error} {error:?} {:?}", error.hints());
        assert!(!all.contains("hunter2") && !all.contains("20022002"), "{all}");
    }
    let misplaced = Place::with("instances:\n  studio:\n    password: env:X\n");
    assert!(misplaced.refusal().0.contains("stands under `secrets:`"));
}

#[test]
fn adding_writes_behind_the_others_and_keeps_every_word() {
    let place = Place::with(FILE);
    let mut file = place.load().unwrap();
    let mut added = instance("hall-2", json!({"host": "10.0.0.9", "port": 4455, "name": "on"}));
    added.private_network = true;
    added.secrets.insert(word("password"), SecretReference::File("/run/obs".into()));
    file.add(added.clone()).unwrap();

    let block = "  hall-2:\n    host: \"10.0.0.9\"\n    port: 4455\n    name: \"on\"\n    \
                 private_network: true\n    secrets:\n      password: file:/run/obs\n";
    assert_eq!(place.text(), FILE.replace("# The end.\n", &format!("{block}# The end.\n")));
    assert_eq!(place.load().unwrap(), file);
    assert_eq!(file.instance("hall-2").unwrap(), &added);
    assert_eq!(fs_err::metadata(place.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn removing_takes_the_instance_and_no_comment_of_others() {
    let place = Place::with(FILE);
    let mut file = place.load().unwrap();
    file.remove("studio").unwrap();
    assert_eq!(
        place.text(),
        "# The cameras of house A.\ninstances:\n  # Do not touch during shows.\n\n  \
         # The small one.\n  lobby:\n    host: lobby.local\n# The end.\n"
    );
    file.remove("lobby").unwrap();
    assert_eq!(place.load().unwrap().instances(), []);
    assert_eq!(file.remove("lobby").unwrap_err().code(), Code::InstanceUnknown);
    file.add(instance("new", json!({}))).unwrap();
    assert_eq!(place.load().unwrap().names(), [word("new")]);
}

#[test]
fn the_first_instance_finds_its_place_in_every_empty_file() {
    for (text, expect) in [
        ("", "instances:\n  a:\n    host: x\n"),
        ("# mine", "# mine\ninstances:\n  a:\n    host: x\n"),
        ("instances:", "instances:\n  a:\n    host: x\n"),
        ("instances: {} # none\n", "instances: # none\n  a:\n    host: x\n"),
        ("instances:\n# none\n", "instances:\n  a:\n    host: x\n# none\n"),
    ] {
        let place = Place::with(text);
        place.load().unwrap().add(instance("a", json!({"host": "x"}))).unwrap();
        assert_eq!(place.text(), expect, "{text:?}");
    }
    let place = Place::with("");
    fs_err::remove_file(place.path()).unwrap();
    place.load().unwrap().add(instance("a", json!({"host": "x"}))).unwrap();
    assert_eq!(place.text(), "instances:\n  a:\n    host: x\n");
}

#[test]
fn an_existing_name_is_refused() {
    let place = Place::with(FILE);
    let error = place.load().unwrap().add(instance("lobby", json!({}))).unwrap_err();
    assert_eq!((error.code(), error.hints()), (Code::Usage, vec!["ifctl obs remove lobby".into()]));
    assert_eq!(place.text(), FILE);
}

type Edit = fn(&mut ProviderFile) -> Result<(), ConfigError>;

#[test]
fn a_layout_that_cannot_be_edited_is_left_alone() {
    let cases: [(&str, Edit); 6] = [
        ("instances: {a: {host: x}}\n", |file| file.add(instance("b", json!({"host": "y"})))),
        ("instances: {a: {host: x}}\n", |file| file.remove("a")),
        ("{instances: {a: {host: x}}}\n", |file| file.add(instance("b", json!({"host": "y"})))),
        ("instances: {\n  a: {host: x}\n}\n", |file| file.add(instance("b", json!({})))),
        // Another instance refers to what would be removed.
        ("instances:\n  a: &a\n    host: x\n  c: *a\n", |file| file.remove("a")),
        // A brace at the key's own depth is not seen as part of it.
        ("instances:\n  a: {\n    host: x\n  }\n  b:\n", |file| file.remove("a")),
    ];
    for (text, edit) in cases {
        let place = Place::with(text);
        let edited = edit(&mut place.load().unwrap());
        assert!(edited.is_err(), "{text} became {}", place.text());
        let error = edited.unwrap_err();
        assert!(matches!(error, ConfigError::NotEditable { .. }), "{text}: {error}");
        assert_eq!(error.code(), Code::Config);
        assert_eq!(error.hints().len(), 1);
        assert_eq!(place.text(), text);
    }
}

#[test]
fn a_setting_named_like_a_key_of_ours_cannot_slip_in() {
    let place = Place::with(FILE);
    let error = place.load().unwrap().add(instance("x", json!({"private_network": true})));
    assert!(matches!(error, Err(ConfigError::NotEditable { .. })));
    assert_eq!(place.text(), FILE);
}

#[test]
fn two_writers_who_read_the_same_file_lose_nothing() {
    let place = Place::with(FILE);
    let threads = 8;
    std::thread::scope(|scope| {
        for number in 0..threads {
            // Read before anybody writes: each holds a file that is out of date.
            let mut file = place.load().unwrap();
            scope.spawn(move || {
                file.add(instance(&format!("camera-{number}"), json!({"port": number}))).unwrap();
            });
        }
    });
    assert_eq!(place.load().unwrap().instances().len(), 2 + threads);
}

#[test]
fn a_linked_file_stays_a_link() {
    let place = Place::with("");
    let real = place.folder.path().join("real.yaml");
    fs_err::rename(place.path(), &real).unwrap();
    std::os::unix::fs::symlink(&real, place.path()).unwrap();
    place.load().unwrap().add(instance("a", json!({"host": "x"}))).unwrap();
    assert!(fs_err::symlink_metadata(place.path()).unwrap().is_symlink());
    assert!(fs_err::read_to_string(real).unwrap().contains("host: x"));
}

fn setting() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[ \n#:'\"a-]{0,8}".prop_map(Value::from),
        Just(json!(["a", 1, {"b": []}])),
    ]
}

proptest! {
    /// Whatever the settings are: either the file then says exactly that, or it is as it was.
    #[test]
    fn an_edit_is_exact_or_does_not_happen(
        settings in proptest::collection::vec(("[a-z]{1,6}", setting()), 0..5),
    ) {
        let place = Place::with(FILE);
        let mut file = place.load().unwrap();
        let mut added = Instance::new(word("obs"), word("new"));
        added.settings = settings.into_iter().collect();
        match file.add(added.clone()) {
            Ok(()) => {
                let read = place.load().unwrap();
                prop_assert_eq!(read.instance("new").unwrap(), &added);
                file.remove("new").unwrap();
            }
            Err(error) => {
                let left_alone = matches!(error, ConfigError::NotEditable { .. });
                prop_assert!(left_alone, "{}", error);
            }
        }
        prop_assert_eq!(place.text(), FILE);
    }
}
