//! What the members of vMix's state are, by name.
//!
//! Sources: the XML on vMix's page *HTTP Web API*, and the members that public clients read. The
//! same name means the same thing wherever it stands, which is what makes one table enough.

/// What stands under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What people wrote, or a word of vMix's.
    Text,
    Number,
    /// `True` or `False`.
    Flag,
    /// A number in one place, `True` or `False` in another.
    Either,
    /// `M,A,B`
    Buses,
}

/// An element beside an attribute of its name gets this one instead.
pub const RENAMED: &[(&str, &str)] = &[("position", "placement")];

/// Elements that are lists of their children.
pub const LISTS: &[&str] = &["inputs", "overlays", "transitions", "list", "outputs"];

/// Elements that may occur several times beside others, and the name of their list.
pub const REPEATED: &[(&str, &str)] = &[
    ("text", "texts"),
    ("image", "images"),
    ("color", "colors"),
    ("overlay", "layers"),
    ("mix", "mixes"),
    ("output", "outputs"),
];

/// On or off, with details as attributes: always an object, whatever details there are.
pub const SWITCHES: &[&str] =
    &["recording", "external", "streaming", "playList", "multiCorder", "fullscreen"];

const TEXTS: &[&str] = &[
    "key",
    "title",
    "shortTitle",
    "name",
    "type",
    "state",
    "version",
    "edition",
    "preset",
    "effect",
    "filename1",
    "filename2",
    "filename3",
    "filename4",
    "text",
    "image",
    "color",
    "item",
    "source",
    "callPassword",
    "callVideoSource",
    "callAudioSource",
    "channelMode",
    "timecode",
    "timecodeA",
    "timecodeB",
    "input1",
    "input2",
    "input3",
    "input4",
    "value1",
    "value2",
    "value3",
    "value4",
];

const NUMBERS: &[&str] = &[
    "number",
    "position",
    "duration",
    "volume",
    "volumeF1",
    "volumeF2",
    "balance",
    "gainDb",
    "meterF1",
    "meterF2",
    "selectedIndex",
    "frameDelay",
    "markIn",
    "markOut",
    "index",
    "panX",
    "panY",
    "zoomX",
    "zoomY",
    "x",
    "y",
    "width",
    "height",
    "X1",
    "X2",
    "Y1",
    "Y2",
    "hue",
    "saturation",
    "liftR",
    "liftG",
    "liftB",
    "liftY",
    "gammaR",
    "gammaG",
    "gammaB",
    "gammaY",
    "gainR",
    "gainG",
    "gainB",
    "gainY",
    "headphonesVolume",
    "inputNumber",
    "events",
    "eventsA",
    "eventsB",
    "cameraA",
    "cameraB",
    "speed",
    "speedA",
    "speedB",
    "input",
];

const FLAGS: &[&str] = &[
    "loop",
    "muted",
    "solo",
    "soloPFL",
    "sendToMaster",
    "fadeToBlack",
    "channel1",
    "channel2",
    "channel3",
    "channel4",
    "channel5",
    "ndi",
    "omt",
    "srt",
    "live",
    "forward",
    "callConnected",
    "enabled",
    "selected",
    "active?",
];

/// `preview` and `active` of a mix are inputs, `preview` of an overlay is a switch.
const EITHER: &[&str] = &["preview", "active", "mix"];

/// The kind of a name; none for one that only a newer vMix has.
pub fn kind(name: &str) -> Option<Kind> {
    match name {
        "audiobusses" => Some(Kind::Buses),
        name if TEXTS.contains(&name) => Some(Kind::Text),
        name if NUMBERS.contains(&name) => Some(Kind::Number),
        name if EITHER.contains(&name) => Some(Kind::Either),
        name if FLAGS.contains(&name) => Some(Kind::Flag),
        _ => None,
    }
}
