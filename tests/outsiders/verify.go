// The reference code of Go's checksum database, held against an exported log: an outsider who has
// nothing of ours but the files.
//
// verify FOLDER KEY PROOFS: the checkpoint's signature, every tile under its root, every entry
// under its leaf hash, and each line of PROOFS, which says what is to be proved, by what, and
// whether it must hold. It prints what it did, and ends with 1 at the first that is otherwise.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// height is that of the tiles of C2SP tlog-tiles, whose paths do not name it.
const height = 8

// claim is one line of the proofs.
type claim struct {
	Kind  string      `json:"kind"`
	Old   int64       `json:"old"`
	New   int64       `json:"new"`
	First string      `json:"first"`
	Root  string      `json:"root"`
	Proof []tlog.Hash `json:"proof"`
	Holds bool        `json:"holds"`
}

type folder string

func (f folder) Height() int { return height }

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
		bytes, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func main() {
	if err := verify(folder(os.Args[1]), os.Args[2], os.Args[3]); err != nil {
		fmt.Println("broken:", err)
		os.Exit(1)
	}
}

func verify(f folder, key, proofs string) error {
	tree, err := checkpoint(f, key)
	if err != nil {
		return err
	}
	hashes := tlog.TileHashReader(tree, f)
	if err := entries(f, tree, hashes); err != nil {
		return err
	}
	held, refused, err := claims(proofs)
	if err != nil {
		return err
	}
	fmt.Printf("%d entries, %d proofs held, %d refused\n", tree.N, held, refused)
	return nil
}

func checkpoint(f folder, key string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tlog.Tree{}, err
	}
	bytes, err := os.ReadFile(filepath.Join(string(f), "checkpoint"))
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(bytes, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(strings.TrimSuffix(opened.Text, "\n"), "\n")
	if len(lines) != 3 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("not a checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// entries holds every entry against the leaf hash that the tiles prove for its place.
func entries(f folder, tree tlog.Tree, hashes tlog.HashReader) error {
	const width = 1 << height
	for first := int64(0); first < tree.N; first += width {
		tile := tlog.Tile{H: height, L: 0, N: first / width, W: int(min(width, tree.N-first))}
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/0/", height), "tile/entries/", 1)
		bundle, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return err
		}
		var indexes []int64
		for place := first; place < first+int64(tile.W); place++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, place))
		}
		expected, err := hashes.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for at, leaf := range expected {
			if len(bundle) < 2 {
				return fmt.Errorf("%s ends early", path)
			}
			length := int(bundle[0])<<8 | int(bundle[1])
			if len(bundle) < 2+length || tlog.RecordHash(bundle[2:2+length]) != leaf {
				return fmt.Errorf("entry %d is not what its hash says", first+int64(at))
			}
			bundle = bundle[2+length:]
		}
		if len(bundle) > 0 {
			return fmt.Errorf("%s goes on", path)
		}
	}
	return nil
}

func claims(path string) (held, refused int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var claim claim
		if err := json.Unmarshal(lines.Bytes(), &claim); err != nil {
			return 0, 0, err
		}
		if err := claim.check(); (err == nil) != claim.Holds {
			return 0, 0, fmt.Errorf("%s: holds: %v (%v)", lines.Text(), claim.Holds, err)
		}
		if claim.Holds {
			held++
		} else {
			refused++
		}
	}
	return held, refused, lines.Err()
}

func (c claim) check() error {
	first, err := tlog.ParseHash(c.First)
	if err != nil {
		return err
	}
	root, err := tlog.ParseHash(c.Root)
	if err != nil {
		return err
	}
	switch c.Kind {
	case "inclusion":
		return tlog.CheckRecord(c.Proof, c.New, root, c.Old, first)
	case "consistency":
		return tlog.CheckTree(c.Proof, c.New, root, c.Old, first)
	}
	return fmt.Errorf("no such kind: %s", c.Kind)
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

