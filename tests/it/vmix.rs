//! The vMix provider against the vMix simulator: commands, over HTTP and over TCP alike.

use crate::lab::{Lab, Run, switcher};
use if_fakes::VmixSimulator;
use if_fakes::http::{Canned, HttpFake};
use if_fakes::vmix::state::Mixer;
use if_fakes::vmix::{Via, functions};

/// Words behind `vmix`, the instance already among them.
fn vmix(lab: &Lab, line: &[&str], more: &[&str]) -> Run {
    lab.run(["vmix"].iter().chain(line).chain(more))
}

/// Commands, what must arrive for each, and what the mixer must look like then.
type Row<'a> = (&'a [&'a str], &'a [&'a str], fn(&Mixer) -> bool);

fn number(mixer: &Mixer, key: &str) -> usize {
    mixer.number_of(key)
}

/// Everything that changes something: the prototype's spellings and our own.
const ACTIONS: &[Row<'_>] = &[
    (&["cut", "switcher", "--input", "3"], &["Cut"], |m| number(m, m.active()) == 3),
    (&["cut", "switcher", "Camera 1"], &["Cut"], |m| number(m, m.active()) == 2),
    (&["cut", "switcher"], &["Cut"], |m| number(m, m.active()) == 2),
    (&["cut", "switcher", "4", "--mix", "1"], &["Cut"], |m| m.number_of(&m.mixes[1].active) == 4),
    (&["fade", "switcher", "--input", "2", "--duration", "500"], &["Fade"], |m| {
        number(m, m.active()) == 2
    }),
    (&["preview", "switcher", "--input", "3"], &["PreviewInput"], |m| number(m, m.preview()) == 3),
    (&["transition", "switcher", "--type", "Merge", "--input", "3"], &["Merge"], |m| {
        number(m, m.active()) == 3
    }),
    (&["transition", "switcher", "2"], &["Transition2"], |m| number(m, m.active()) == 2),
    (&["fade-to-black", "switcher", "--yes"], &["FadeToBlack"], |m| m.fade_to_black),
    (&["overlay", "switcher", "--num", "2", "--input", "4"], &["OverlayInput2"], |m| {
        m.overlays[1].as_deref() == Some(m.inputs[3].key.as_str())
    }),
    (&["overlay", "switcher", "8", "4", "--action", "in"], &["OverlayInput8In"], |m| {
        m.overlays[7].is_some()
    }),
    (
        &["overlay", "switcher", "--num", "2", "--input", "4", "--action", "OverlayInputOut"],
        &["OverlayInput2Out"],
        |m| m.overlays[1].is_none(),
    ),
    (&["overlays", "off", "switcher"], &["OverlayInputAllOff"], |m| {
        m.overlays == [const { None }; 8]
    }),
    (&["stream", "start", "switcher"], &["StartStreaming"], |m| m.streaming[0]),
    (&["stream", "start", "switcher", "--channel", "1"], &["StartStreaming"], |m| m.streaming[1]),
    (
        &["stream", "set", "switcher", "--channel", "2", "--url", "rtmp://a/b?x=1&y", "--yes"],
        &["StreamingSetURL"],
        |m| m.stream_settings[2].get("url").is_some_and(|url| url == "rtmp://a/b?x=1&y"),
    ),
    (
        &["stream", "start", "switcher", "--rtmp", "rtmp://c/d", "--yes"],
        &["StreamingSetURL", "StartStreaming"],
        |m| {
            m.stream_settings[0].get("url").is_some_and(|url| url == "rtmp://c/d") && m.streaming[0]
        },
    ),
    (&["record", "start", "switcher"], &["StartRecording"], |m| m.recording),
    (&["ptz", "move", "switcher", "2", "left", "--speed", "0.3"], &["PTZMoveLeft"], |_| true),
    (
        &["ptz", "move", "switcher", "--input", "2", "--pan", "-40", "--tilt", "10", "--zoom", "5"],
        &["PTZMoveUpLeft", "PTZZoomIn"],
        |_| true,
    ),
    (&["ptz", "move", "switcher", "2", "up", "--for", "20"], &["PTZMoveUp", "PTZMoveStop"], |_| {
        true
    }),
    (&["ptz", "zoom", "switcher", "2", "in"], &["PTZZoomIn"], |_| true),
    (&["ptz", "focus", "switcher", "2", "auto"], &["PTZFocusAuto"], |_| true),
    (
        &["ptz", "preset", "switcher", "--input", "2", "--preset", "1"],
        &["PTZMoveToVirtualInputPositionByIndex"],
        |_| true,
    ),
    (&["ptz", "home", "switcher", "--input", "2"], &["PTZHome"], |_| true),
    (&["ptz", "store", "switcher", "2"], &["PTZCreateVirtualInput"], |_| true),
    (&["audio", "volume", "switcher", "--input", "2", "--volume", "40"], &["SetVolume"], |m| {
        m.inputs[1].audio.as_ref().is_some_and(|audio| audio.volume == 40.0)
    }),
    (&["audio", "volume", "switcher", "3", "10", "--fade", "500"], &["SetVolumeFade"], |m| {
        m.inputs[2].audio.as_ref().is_some_and(|audio| audio.volume == 10.0)
    }),
    (&["audio", "mute", "switcher", "--input", "2"], &["AudioOff"], |m| {
        m.inputs[1].audio.as_ref().is_some_and(|audio| audio.muted)
    }),
    (&["audio", "unmute", "switcher", "--input", "2"], &["AudioOn"], |m| {
        m.inputs[1].audio.as_ref().is_some_and(|audio| !audio.muted)
    }),
    (&["function", "switcher", "SetVolume", "Input=2", "Value=+=5"], &["SetVolume"], |m| {
        m.inputs[1].audio.as_ref().is_some_and(|audio| audio.volume == 100.0)
    }),
    (
        &[
            "function",
            "switcher",
            "SetText",
            "Input=4",
            "SelectedName=Headline.Text",
            "Value=a b&c=ü",
        ],
        &["SetText"],
        |m| m.inputs[3].texts[0].1 == "a b&c=ü",
    ),
];

fn every_action(via: &str, expect: Via) {
    let (lab, mixer) = switcher();
    for (line, functions, holds) in ACTIONS {
        mixer.change(|state| *state = Mixer::default());
        let before = mixer.functions_seen().len();
        let run = vmix(&lab, line, &["--via", via]);
        assert_eq!(run.exit, 0, "{line:?} over {via}: {run:?}");
        assert_eq!(&mixer.functions_seen()[before..], *functions, "{line:?} over {via}");
        assert!(holds(&mixer.state()), "{line:?} over {via}");
    }
    let functions = mixer.requests_seen();
    let mut functions = functions.iter().filter(|seen| seen.function.is_some());
    assert!(functions.all(|seen| seen.via == expect));
}

#[test]
fn every_action_works_over_http() {
    every_action("http", Via::Http);
}

#[test]
fn every_action_works_over_tcp() {
    every_action("tcp", Via::Tcp);
}

#[test]
fn a_dry_run_shows_the_function_and_sends_none() {
    let (lab, mixer) = switcher();
    for via in ["http", "tcp"] {
        for (line, functions, _) in ACTIONS {
            let line: Vec<_> = line.iter().filter(|word| **word != "--yes").copied().collect();
            let plan = vmix(&lab, &line, &["--via", via, "--dry-run", "--json"]).json();
            let message = plan["plan"][0]["message"].as_str().unwrap_or_default();
            assert!(message.contains(functions[0]), "{line:?} over {via}: {plan}");
        }
    }
    assert_eq!(mixer.functions_seen(), Vec::<String>::new());
}

#[test]
fn the_transport_is_a_setting_and_via_overrides_it() {
    let mixer = VmixSimulator::start().unwrap();
    let lab = Lab::with(&["vmix"]);
    let (http, tcp) = (mixer.http_port.to_string(), mixer.tcp_port.to_string());
    lab.run([
        "vmix",
        "add",
        "lines",
        "--host",
        "127.0.0.1",
        "--port",
        &http,
        "--tcp-port",
        &tcp,
        "--transport",
        "tcp",
    ])
    .ok();
    lab.run(["vmix", "cut", "lines", "3"]).ok();
    lab.run(["vmix", "cut", "lines", "2", "--via", "http"]).ok();
    let seen = mixer.requests_seen();
    let vias: Vec<_> = seen.iter().filter(|it| it.function.is_some()).map(|it| it.via).collect();
    assert_eq!(vias, [Via::Tcp, Via::Http]);
}

#[test]
fn what_is_read_is_typed_over_both_ways() {
    let (lab, mixer) = switcher();
    mixer.change(|state| {
        state.streaming[1] = true;
        state.recording = true;
        state.overlays[2] = Some(state.inputs[3].key.clone());
    });
    for via in ["http", "tcp"] {
        let read = |line: &[&str]| vmix(&lab, line, &["--via", via, "--json"]).json();
        let status = read(&["status", "switcher"]);
        assert_eq!(status["program"]["title"], "Colour");
        assert_eq!(status["preview"]["number"], 2);
        assert_eq!((&status["recording"], &status["streaming"]), (&true.into(), &true.into()));
        assert_eq!(status["overlays"][0]["number"], 3);
        assert_eq!(read(&["stream", "status", "switcher"])["channels"][1]["active"], true);
        assert_eq!(read(&["record", "status", "switcher"])["filename1"], "D:\\capture.mp4");
        let state = read(&["state", "switcher"]);
        assert_eq!((&state["active"], &state["mixes"][0]["mix"]), (&1.into(), &1.into()));
        let full = read(&["state", "switcher", "--full"]);
        assert_eq!(full["inputs"][1]["volume"], 100);
        assert_eq!(full["inputs"][3]["texts"][0]["name"], "Headline.Text");
        assert_eq!(full["audio"]["busG"]["muted"], false);
        assert_eq!(full["notes"], serde_json::json!([]));
        assert_eq!(read(&["inputs", "switcher"])["inputs"].as_array().unwrap().len(), 5);
        let videos = read(&["inputs", "switcher", "--type", "video"]);
        assert_eq!(videos["inputs"][0]["title"], "opener.mp4");
        assert_eq!(read(&["ndi", "list", "switcher"])["inputs"], serde_json::json!([]));
    }
    let table = lab.run(["vmix", "inputs", "switcher"]).ok();
    assert!(table.lines().next().unwrap().contains("NUMBER"), "{table}");
    assert_eq!(mixer.functions_seen(), Vec::<String>::new());
}

/// The plugin's own table: `function,group,danger,parameters`.
const FUNCTIONS: &str = include_str!("../../plugins/vmix/functions.csv");

/// Calls every second name of the table in this way; two tests share the time that they take.
fn every_second_function(first: usize, via: &str) {
    let (lab, mixer) = switcher();
    for secret in ["stream-key", "stream-password"] {
        lab.feed(["secret", "set", "vmix", "switcher", secret], "for-the-stream\n").ok();
    }
    let rows: Vec<_> = FUNCTIONS.lines().skip(1).map(|row| row.split(',')).collect();
    assert_eq!(rows.len(), functions::names().count());
    for mut row in rows.into_iter().skip(first).step_by(2) {
        let name = row.next().unwrap();
        let takes = row.nth(2).unwrap();
        let mut words = vec!["vmix", "function", "switcher", name];
        // Input 3 has sound and time.
        words.extend(takes.contains("Input=").then_some("Input=3"));
        words.extend(takes.contains("Value=").then_some("Value=1"));
        words.extend(["--via", via, "--yes"]);
        let before = mixer.functions_seen().len();
        let run = lab.run(&words);
        assert_eq!(&mixer.functions_seen()[before..], [name], "{words:?}: {run:?}");
    }
}

#[test]
fn the_odd_functions_of_the_table_are_accepted_over_http() {
    every_second_function(0, "http");
}

#[test]
fn the_even_functions_of_the_table_are_accepted_over_tcp() {
    every_second_function(1, "tcp");
}

#[test]
fn the_help_of_a_function_names_what_it_takes() {
    let lab = Lab::with(&["vmix"]);
    lab.run(["vmix", "add", "switcher", "--host", "127.0.0.1", "--port", "9"]).ok();
    for row in FUNCTIONS.lines().skip(1).step_by(23) {
        let cells: Vec<_> = row.split(',').collect();
        let help = lab.run(["vmix", "function-help", "switcher", cells[0], "--json"]).json();
        let takes = help["parameters"].as_array().unwrap();
        let takes: Vec<_> = takes.iter().filter_map(|it| it["name"].as_str()).collect();
        let table = cells[3].split(' ').filter(|cell| !cell.is_empty());
        let table: Vec<_> = table.map(|cell| cell.split('=').next().unwrap()).collect();
        assert_eq!(takes, table, "{row}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_sent() {
    let (lab, mixer) = switcher();
    for (line, exit, words) in [
        (&["function", "switcher", "SetVolme"][..], 4, "did you mean `SetVolume`?"),
        (&["function", "switcher", "SetVolme", "--yes"], 2, "did you mean `SetVolume`?"),
        (&["function", "switcher", "SetVolume", "input=2"], 2, "it takes Input, Value"),
        (&["function", "switcher", "SetVolume", "Input=2", "Value=180"], 2, "between 0 and 100"),
        (&["function", "switcher", "PTZ", "Input=2", "--yes"], 2, "vMix has no function `PTZ`"),
        (&["transition", "switcher", "Merg"], 2, "did you mean `Merge`?"),
        (&["transition", "switcher", "1", "--duration", "500"], 2, "in vMix's own settings"),
        (&["overlay", "switcher", "9", "4"], 2, "num"),
        (&["fade", "switcher", "2", "--duration", "-1"], 2, "duration"),
        (&["audio", "volume", "switcher", "2", "101"], 2, "volume"),
        (&["ptz", "move", "switcher", "2", "left", "--speed", "1.1"], 2, "speed"),
        (&["ptz", "move", "switcher", "2"], 2, "where to?"),
        (&["ptz", "preset", "switcher", "2", "101"], 2, "preset"),
        (&["stream", "start", "switcher", "--channel", "5"], 2, "channel"),
        (&["stream", "start", "switcher", "--key"], 2, "--key goes with --rtmp"),
        (&["stream", "start", "switcher", "--rtmp", "rtmp://x/y"], 4, "needs a yes"),
        (&["stream", "set", "switcher", "--yes"], 2, "nothing to set"),
        (
            &["stream", "set", "switcher", "--key", "--yes"],
            2,
            "secret set vmix switcher stream-key",
        ),
        (
            &["function", "switcher", "StreamingSetKey", "Value=0,abc", "--yes"],
            2,
            "only the channel",
        ),
        (&["record", "start", "switcher", "--file", "x.mp4"], 2, "neither file nor format"),
        (&["record", "stop", "switcher"], 4, "needs a yes"),
        (&["ndi", "add", "switcher", "--source", "CAM"], 2, "no function that adds an NDI input"),
        (&["functions", "switcher", "--group", "Sound"], 2, "there is no group `Sound`"),
    ] {
        for via in ["http", "tcp"] {
            let local = line[0] == "functions";
            let more = if local { vec![] } else { vec!["--via", via] };
            let run = vmix(&lab, line, &more);
            assert_eq!(run.exit, exit, "{line:?}: {run:?}");
            assert!(run.stderr.contains(words), "{line:?}: {}", run.stderr);
        }
    }
    assert_eq!(mixer.functions_seen(), Vec::<String>::new());
}

#[test]
fn what_does_not_exist_is_named_with_what_does() {
    let (lab, mixer) = switcher();
    mixer.change(|state| {
        state.add("Colour", "Colour");
        state.overlays[0] = None;
    });
    for (line, words) in [
        (&["cut", "switcher", "Camra 1"][..], "did you mean `Camera 1`?"),
        (&["cut", "switcher", "77"], "there are inputs 1 to 6"),
        (&["cut", "switcher", "Colour"], "is the title of inputs 1, 6"),
        (&["cut", "switcher", "1", "--mix", "7"], "this vMix has mixes 0 to 1"),
        (&["function", "switcher", "SetVolume", "Input=opener.mp3", "Value=1"], "`opener.mp4`"),
        (&["audio", "mute", "switcher", "1"], "input `Colour` (Colour) has no sound"),
        (&["ndi", "remove", "switcher", "2", "--yes"], "is Capture and not NDI"),
        (&["stream", "stop", "switcher", "--yes"], "channel 0 is not streaming"),
        (&["stream", "stop", "switcher", "--all", "--yes"], "nothing is streaming"),
        (&["record", "stop", "switcher", "--yes"], "nothing is being recorded"),
    ] {
        for via in ["http", "tcp"] {
            let run = vmix(&lab, line, &["--via", via]);
            assert!([1, 2].contains(&run.exit), "{line:?}: {run:?}");
            assert!(run.stderr.contains(words), "{line:?}: {}", run.stderr);
        }
    }
    assert_eq!(mixer.functions_seen(), Vec::<String>::new());
    mixer.change(|state| (state.streaming[0], state.recording) = (true, true));
    for (line, words) in [
        (&["stream", "start", "switcher"][..], "channel 0 is streaming already"),
        (&["record", "start", "switcher"], "it is recording already"),
    ] {
        let run = vmix(&lab, line, &[]);
        assert!(run.exit == 1 && run.stderr.contains(words), "{run:?}");
    }
    assert_eq!(mixer.functions_seen(), Vec::<String>::new());
}

#[test]
fn an_ndi_input_takes_a_source_and_goes() {
    let (lab, mixer) = switcher();
    mixer.change(|state| drop(state.add("NDI", "STUDIO (CAM 1)")));
    let listed = lab.run(["vmix", "ndi", "list", "switcher", "--json"]).json();
    assert_eq!(listed["inputs"][0]["number"], 6);
    let run = lab.run(["vmix", "ndi", "add", "switcher", "--source", "STUDIO (CAM 2)"]);
    assert!(run.stderr.contains("6 `STUDIO (CAM 1)`"), "{run:?}");
    lab.run(["vmix", "ndi", "add", "switcher", "STUDIO (CAM 2)", "--input", "6"]).ok();
    let seen = mixer.requests_seen();
    assert!(seen.last().unwrap().line.contains("Value=STUDIO%20%28CAM%202%29"), "{seen:?}");
    lab.run(["vmix", "ndi", "remove", "switcher", "6", "--yes"]).ok();
    assert_eq!(mixer.state().inputs.len(), 5);
}

#[test]
fn the_key_of_a_stream_is_a_secret_over_both_ways() {
    const KEY: &str = "FB-12&34=x%y";
    let (lab, mixer) = switcher();
    lab.feed(["secret", "set", "vmix", "switcher", "stream-key"], &format!("{KEY}\n")).ok();
    lab.feed(["secret", "set", "vmix", "switcher", "stream-password"], "hunter22\n").ok();
    for (channel, via) in [(0, "http"), (1, "tcp")] {
        let number = channel.to_string();
        let line =
            ["stream", "set", "switcher", "--channel", &number, "--key", "--password", "--yes"];
        let run = vmix(&lab, &line, &["--via", via, "--trace"]);
        assert!(!(run.stdout.clone() + &run.stderr).contains("FB-12"), "{run:?}");
        run.ok();
        let settings = &mixer.state().stream_settings[channel];
        assert_eq!(settings["key"], KEY, "{via}");
        assert_eq!(settings["password"], "hunter22", "{via}");
    }
    vmix(&lab, &["function", "switcher", "StreamingSetKey", "Value=3", "--yes"], &[]).ok();
    assert_eq!(mixer.state().stream_settings[3]["key"], KEY);
    for (path, bytes) in lab.files() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("FB-12") && !text.contains("hunter22"), "{}", path.display());
    }
}

/// An instance whose HTTP API answers like this, whatever is asked.
fn odd(answer: &'static str, status: u16) -> (Lab, HttpFake) {
    let fake = HttpFake::start(move |_| Canned::status(status, answer)).unwrap();
    let lab = Lab::with(&["vmix"]);
    let port = fake.port.to_string();
    lab.run(["vmix", "add", "odd", "--host", "127.0.0.1", "--port", &port]).ok();
    (lab, fake)
}

#[test]
fn odd_answers_are_named_for_what_they_are() {
    for (answer, status, code, words) in [
        ("<vmix><version>27", 200, "IF_ERR_PROVIDER_PROTOCOL", "the state breaks off after"),
        ("<html></html>", 200, "IF_ERR_PROVIDER_PROTOCOL", "is `html` and not vMix's state"),
        ("{}", 200, "IF_ERR_PROVIDER_PROTOCOL", "is not vMix's XML"),
        ("", 200, "IF_ERR_PROVIDER_PROTOCOL", "is not vMix's XML"),
        ("closed", 500, "IF_ERR_PROVIDER", "closed"),
    ] {
        let (lab, _fake) = odd(answer, status);
        let error = lab.run(["vmix", "state", "odd"]).fails(code, 1);
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn an_older_vmix_is_read_as_far_as_it_goes() {
    let (lab, fake) = odd(
        "<vmix><version>21.0.0.57</version><inputs>\
         <input number=\"1\" title=\"A\" volume=\"loud\"/></inputs><overlays>\
         <overlay number=\"1\"/><overlay number=\"2\"/><overlay number=\"3\"/>\
         <overlay number=\"4\"/></overlays><preview>1</preview><active>1</active>\
         <streaming>True</streaming></vmix>",
        200,
    );
    let full = lab.run(["vmix", "state", "odd", "--full", "--json"]).json();
    assert_eq!(full["inputs"][0]["volume"], serde_json::Value::Null);
    assert!(full["notes"][0].as_str().unwrap().contains("`loud` is no number"), "{full}");
    let run = lab.run(["vmix", "overlay", "odd", "6", "1"]);
    assert!(run.stderr.contains("this vMix (21.0.0.57) has 4 overlay channels"), "{run:?}");
    let run = lab.run(["vmix", "cut", "odd", "1", "--mix", "1"]);
    assert!(run.stderr.contains("this vMix has mixes 0 to 0"), "{run:?}");
    // Channels are not told apart there: the overall switch says that something streams.
    let run = lab.run(["vmix", "stream", "start", "odd"]);
    assert!(run.stderr.contains("streaming already"), "{run:?}");
    let asked = fake.requests();
    assert!(asked.iter().all(|request| request.target == "/api/"), "{asked:?}");
}

#[test]
fn a_dangerous_function_needs_a_yes_over_both_ways() {
    let (lab, mixer) = switcher();
    for via in ["http", "tcp"] {
        for function in ["StopStreaming", "GO", "ZoomJoinMeeting", "ReplayExportLastEvent"] {
            vmix(&lab, &["function", "switcher", function], &["--via", via])
                .fails("IF_ERR_CONFIRMATION_NEEDED", 4);
        }
    }
    assert_eq!(mixer.functions_seen(), Vec::<String>::new());
    let help = lab.run(["vmix", "function-help", "switcher", "StopStreaming"]).ok();
    assert!(help.contains("dangerous, because it ends something on air"), "{help}");
}

#[test]
fn every_operation_is_in_the_log_failures_included() {
    let (lab, _vmix) = switcher();
    lab.run(["vmix", "state", "switcher", "--why", "looking around"]).ok();
    lab.run(["vmix", "cut", "switcher", "--input", "No Such Input"]);
    let logged = lab.run(["witness", "query", "--provider", "vmix", "--json"]).json();
    let entries = logged["entries"].as_array().unwrap();
    let commands: Vec<_> =
        entries.iter().map(|e| e["opened"]["leaf"]["command"].as_str().unwrap()).collect();
    assert_eq!(commands, ["test", "state", "cut"]);
    assert_eq!(entries[1]["parts"]["why"], "looking around");
    assert_eq!(entries[2]["closed"]["leaf"]["outcome"]["status"], "failed");
}
