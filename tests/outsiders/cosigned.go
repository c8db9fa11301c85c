// The reference code of Go's notes, held against a checkpoint that a witness has cosigned. It does
// not know the form of a cosignature; the form is a few lines of Go's own Ed25519, written from the
// specification (C2SP tlog-cosignature).
//
// cosigned NOTE LOGKEY WITNESSKEY: opens the note with the log's key alone, which must carry the
// cosignature as one that it cannot verify, and with both. It prints the time of the cosignature.
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// cosignature is the algorithm's byte in front of a key.
const cosignature = 4

type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
	time *uint64
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }

func (w witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	*w.time = binary.BigEndian.Uint64(signature)
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", *w.time, text)
	return ed25519.Verify(w.key, []byte(signed), signature[8:])
}

func parse(text string) (witness, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		return witness{}, fmt.Errorf("no key: %s", text)
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return witness{}, err
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != cosignature {
		return witness{}, fmt.Errorf("no key of a witness: %s", text)
	}
	return witness{parts[0], uint32(hash), key[1:], new(uint64)}, nil
}

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Println("broken:", err)
		os.Exit(1)
	}
}

func run(path, logKey, witnessKey string) error {
	bytes, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	log, err := note.NewVerifier(logKey)
	if err != nil {
		return err
	}
	other, err := parse(witnessKey)
	if err != nil {
		return err
	}
	alone, err := note.Open(bytes, note.VerifierList(log))
	if err != nil {
		return err
	}
	both, err := note.Open(bytes, note.VerifierList(log, other))
	if err != nil {
		return err
	}
	fmt.Printf("%d and %d, %d and %d, at %d\n", len(alone.Sigs), len(alone.UnverifiedSigs),
		len(both.Sigs), len(both.UnverifiedSigs), *other.time)
	return nil
}
