package define

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"frontline/fault"
)

// File is one text of a folder of definitions.
type File struct {
	Name    string `json:"name"` // relative to the folder, with slashes
	Content string `json:"content"`
}

// Bounds of a folder.
const (
	mostFile   = 1 << 20 // bytes of one file
	mostFolder = 8 << 20 // and of all
)

// ReadFolder reads a folder's YAML and CSV files and those of the folders in it, and whatever lies in a folder called "scripts": actions
// name it. What is hidden is left out. A folder without definitions is Invalid: applying it would retire everything that it owns.
func ReadFolder(folder fs.FS) ([]File, error) {
	var files []File
	size, defines := 0, false
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir() || !configures(name) && !IsScript(name):
			return nil
		}
		f, err := readFile(folder, name)
		if err != nil {
			return err
		}
		if size += len(f.Content); size > mostFolder {
			return fault.New(fault.Invalid, "The folder holds more than 8 MB of definitions and scripts. Move what does not belong to them elsewhere.")
		}
		files, defines = append(files, f), defines || configures(name)
		return nil
	})
	var said *fault.Error
	switch {
	case errors.As(err, &said):
		return nil, err
	case err != nil:
		return nil, fault.Wrap(err, fault.Invalid, "The folder cannot be read whole: %v. Nothing was applied.", err)
	case !defines:
		return nil, fault.New(fault.Invalid, "There is no .yaml, .yml or .csv file in the folder. Nothing was applied; applying nothing would retire what the folder owns.")
	}
	return files, nil
}

func readFile(folder fs.FS, name string) (File, error) {
	info, err := fs.Stat(folder, name)
	if err != nil {
		return File{}, err
	}
	if info.Size() > mostFile {
		return File{}, fault.New(fault.Invalid, "The file %s is larger than 1 MB. Scripts and definitions are smaller; move it elsewhere.", name)
	}
	raw, err := fs.ReadFile(folder, name)
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", name, err)
	}
	return File{Name: name, Content: string(raw)}, nil
}

func configures(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".csv"}, strings.ToLower(path.Ext(name))) && !IsScript(name)
}

// IsScript says whether a file of a folder is one that actions name, and no definition.
func IsScript(name string) bool {
	return slices.Contains(strings.Split(path.Dir(name), "/"), "scripts")
}
