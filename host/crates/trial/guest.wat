;; The guest of the trial. `build.rs` fills the places in braces from `attacks.toml`: what stands in
;; the module, a function per attack, who is called by which command, and the texts.
;; Memory: results below 1024, answers of the host at 128, the texts from 2048 on, what the host
;; passes in from 64 KiB on.
(module
  (import "wasi:clocks/monotonic-clock@0.2.9" "subscribe-duration"
    (func $alarm (param i64) (result i32)))
  (import "wasi:io/poll@0.2.9" "[method]pollable.block" (func $block (param i32)))
  (import "infrafabric:adapter/output@0.1.0" "progress"
    (func $progress (param i64 i32 i64 i32 i32)))
  (import "infrafabric:adapter/output@0.1.0" "log" (func $log (param i32 i32 i32)))
  (import "infrafabric:adapter/output@0.1.0" "emit" (func $emit (param i32 i32 i32)))
  (import "infrafabric:adapter/secrets@0.1.0" "placeholder"
    (func $placeholder (param i32 i32 i32 i32 i32)))
  (import "infrafabric:adapter/connection@0.1.0" "open"
    (func $open (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "infrafabric:adapter/connection@0.1.0" "[method]session.send"
    (func $send (param i32 i32 i32 i32 i32 i32)))
  (import "infrafabric:adapter/connection@0.1.0" "[method]session.receive"
    (func $receive (param i32 i32 i32)))
  {module}
  (memory (export "memory") 16)
  (global $free (mut i32) (i32.const 65536))
  {texts}

  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))

  ;; Uses up fuel: work that counts, and that a compiler leaves out.
  (func $spin (loop
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0)) (drop (i32.const 0))
    (br 0)))
  ;; Uses up time: next to no fuel.
  (func $linger (loop (br 0)))
  (func $deep (call $deep))

  ;; A call's good result.
  (func $text (param $at i32) (param $length i32) (result i32)
    (i32.store8 (i32.const 0) (i32.const 0))
    (i32.store (i32.const 4) (local.get $at))
    (i32.store (i32.const 8) (local.get $length))
    (i32.const 0))
  (func $done (result i32) (call $text {ok}))

  ;; A call's failure: the host's refusal at 128, passed on.
  (func $refused (result i32)
    (i32.store8 (i32.const 0) (i32.const 1))
    (i32.store8 (i32.const 4) (i32.const 7))
    (i32.store8 (i32.const 8) (i32.load8_u (i32.const 132)))
    (i32.store (i32.const 12) (i32.load (i32.const 136)))
    (i32.store (i32.const 16) (i32.load (i32.const 140)))
    (i32.const 0))

  ;; Done, unless the host's last answer was a refusal.
  (func $so-far (result i32)
    (if (result i32) (i32.load8_u (i32.const 128))
      (then (call $refused)) (else (call $done))))

  ;; The number in the arguments, which are an object with a port alone.
  (func $port (param $at i32) (result i32)
    (local $number i32) (local $digit i32)
    (local.set $at (i32.add (local.get $at) (i32.const 8)))
    (loop $more
      (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
      (if (i32.lt_u (local.get $digit) (i32.const 10)) (then
        (local.set $number
          (i32.add (i32.mul (local.get $number) (i32.const 10)) (local.get $digit)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $more))))
    (local.get $number))

  ;; Opens TCP to a host and port; the answer is at 128, the session at 132.
  (func $dial (param $host i32) (param $length i32) (param $port i32)
    (call $open (i32.const 2) (local.get $host) (local.get $length) (local.get $port)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 2000) (i32.const 128)))

  ;; Opens the listener, says one line to it, and lets the host's answer stand at 128.
  (func $say (param $port i32) (param $line i32) (param $length i32)
    (call $dial {listener} (local.get $port))
    (if (i32.load8_u (i32.const 128)) (then (return)))
    (call $send (i32.load (i32.const 132)) (i32.const 1)
      (local.get $line) (local.get $length) (i32.const 0) (i32.const 128)))

  ;; Says a line with a placeholder behind its first word; then listens.
  (func $say-token (param $port i32) (param $word i32) (param $length i32)
    (local $session i32) (local $at i32)
    (call $placeholder {recipe} (i32.const 0) (i32.const 0) (i32.const 128))
    (if (i32.load8_u (i32.const 128)) (then (return)))
    (local.set $at (i32.add (i32.const 32768) (local.get $length)))
    (memory.copy (i32.const 32768) (local.get $word) (local.get $length))
    (memory.copy (local.get $at) (i32.load (i32.const 132)) (i32.load (i32.const 136)))
    (local.set $at (i32.add (local.get $at) (i32.load (i32.const 136))))
    (i32.store16 (local.get $at) (i32.const 0x0a0d))
    (call $dial {listener} (local.get $port))
    (if (i32.load8_u (i32.const 128)) (then (return)))
    (local.set $session (i32.load (i32.const 132)))
    (call $send (local.get $session) (i32.const 1) (i32.const 32768)
      (i32.sub (i32.add (local.get $at) (i32.const 2)) (i32.const 32768))
      (i32.const 0) (i32.const 128))
    (if (i32.load8_u (i32.const 128)) (then (return)))
    (call $receive (local.get $session) (i32.const 2000) (i32.const 128)))

  (func $is (param $a i32) (param $a-length i32) (param $b i32) (param $b-length i32)
    (result i32)
    (if (i32.ne (local.get $a-length) (local.get $b-length)) (then (return (i32.const 0))))
    (loop $more
      (if (i32.eqz (local.get $a-length)) (then (return (i32.const 1))))
      (if (i32.ne (i32.load8_u (local.get $a)) (i32.load8_u (local.get $b)))
        (then (return (i32.const 0))))
      (local.set $a (i32.add (local.get $a) (i32.const 1)))
      (local.set $b (i32.add (local.get $b) (i32.const 1)))
      (local.set $a-length (i32.sub (local.get $a-length) (i32.const 1)))
      (br $more))
    (unreachable))

  {attacks}

  (func (export "infrafabric:adapter/provider@0.1.0#describe") (result i32)
    {describe}
    (drop (call $text {description}))
    (i32.const 4))
  (func (export "infrafabric:adapter/provider@0.1.0#check") (result i32) (call $done))
  (func (export "infrafabric:adapter/provider@0.1.0#discover") (result i32) (call $done))
  (func (export "infrafabric:adapter/provider@0.1.0#call")
    (param $command i32) (param $length i32) (param $arguments i32) (param i32) (result i32)
    (local $port i32)
    (local.set $port (call $port (local.get $arguments)))
    {dispatch}
    (unreachable))
)
