package keeper

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// systemFolders are what every program may read: programs and what they load. Links among them are made anew.
func systemFolders() []string {
	return []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"}
}

// systemFiles are what programs read of /etc: how names and times are looked up, and certificates to trust. Keys and passwords are not
// among them.
func systemFiles() []string {
	names := strings.Fields(`alternatives bash.bashrc ca-certificates ca-certificates.conf crypto-policies gai.conf group host.conf hosts inputrc java
		ld.so.cache ld.so.conf ld.so.conf.d locale.alias localtime mime.types nsswitch.conf os-release passwd perl pki profile protocols
		resolv.conf rpc services ssl/certs ssl/cert.pem ssl/openssl.cnf terminfo timezone`)
	for i, n := range names {
		names[i] = "/etc/" + n
	}
	return names
}

// devices are the only ones there are.
func devices() []string {
	return []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}
}

// The folders of the new root while it is made. Everything happens in our own mount namespace, and nobody else sees it.
const (
	scaffold = "/tmp" // any folder that every host has
	newRoot  = "/new"
	oldRoot  = "/old"
)

// view is a place of the host that the new root shows.
type view struct {
	from, at string
	write    bool
	device   bool
}

// enter makes a root that holds only what the box names, and makes it ours. A folder of the host that is not named does not exist there:
// not to be read, and neither for a socket in it to be spoken to.
func (k *kept) enter(b Box) *Wrong {
	views, w := b.views()
	if w != nil {
		return w
	}
	for _, step := range []func() error{
		makeScaffold,
		func() error { return show(views) },
		k.furnish,
		moveIn,
	} {
		if err := step(); err != nil {
			return &Wrong{"sandbox", err.Error()}
		}
	}
	k.boundProcesses(b.Limits.Processes)
	return nil
}

// views lists what the new root shows, outer folders first. What an action names must be there; of the system it is what there is.
func (b Box) views() ([]view, *Wrong) {
	var all []view
	add := func(setting string, paths []string, write, device bool) *Wrong {
		for _, p := range paths {
			from, err := filepath.EvalSymlinks(p)
			if err != nil && setting != "" {
				return &Wrong{setting, err.Error()}
			}
			if err == nil {
				all = append(all, view{from, p, write, device})
			}
		}
		return nil
	}
	_ = add("", slices.Concat(systemFolders(), systemFiles()), false, false)
	_ = add("", devices(), true, true)
	if filepath.IsAbs(b.Program) {
		_ = add("", []string{b.Program}, false, false)
	}
	for _, p := range b.Places {
		if w := add(p.Setting, []string{p.Path}, p.Write, false); w != nil {
			return nil, w
		}
	}
	slices.SortStableFunc(all, func(x, y view) int { return strings.Count(x.at, "/") - strings.Count(y.at, "/") })
	return all, nil
}

// makeScaffold makes an empty root with two folders, the new root and the old one.
func makeScaffold() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts to ourselves: %w", err)
	}
	if err := mountMemory(scaffold, "size=1m,mode=755"); err != nil {
		return err
	}
	for _, dir := range []string{newRoot, oldRoot} {
		if err := os.Mkdir(scaffold+dir, 0o755); err != nil {
			return err
		}
	}
	if err := unix.PivotRoot(scaffold, scaffold+oldRoot); err != nil {
		return fmt.Errorf("leave the root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := mountMemory(newRoot, "size=4m,mode=755"); err != nil {
		return err
	}
	return mountTemporary()
}

// mountTemporary gives the new root its own /tmp, before anything below it is shown.
func mountTemporary() error {
	for _, dir := range []string{"/tmp", "/run", "/var", "/dev", "/proc"} {
		if err := os.Mkdir(newRoot+dir, 0o755); err != nil {
			return err
		}
	}
	if err := mountMemory(newRoot+"/tmp", "size=256m,mode=1777"); err != nil {
		return err
	}
	return errors.Join(os.Symlink("../run", newRoot+"/var/run"), os.Symlink("../tmp", newRoot+"/var/tmp"))
}

func mountMemory(at, options string) error {
	if err := unix.Mount("tmpfs", at, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return fmt.Errorf("mount memory on %s: %w", at, err)
	}
	return nil
}

// show puts the views into the new root.
func show(views []view) error {
	for _, v := range views {
		if v.from != v.at && filepath.Dir(v.at) == "/" && strings.HasPrefix(v.from, "/usr/") {
			if err := os.Symlink(strings.TrimPrefix(v.from, "/"), newRoot+v.at); err != nil { // /bin is usr/bin on most hosts
				return err
			}
			continue
		}
		if err := v.mount(); err != nil {
			return fmt.Errorf("show %s: %w", v.at, err)
		}
	}
	return nil
}

func (v view) mount() error {
	at := newRoot + v.at
	if err := v.point(at); err != nil {
		return err
	}
	if err := unix.Mount(oldRoot+v.from, at, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_NOSUID}
	if !v.device {
		attr.Attr_set |= unix.MOUNT_ATTR_NODEV
	}
	if !v.write {
		attr.Attr_set |= unix.MOUNT_ATTR_RDONLY
	}
	return unix.MountSetattr(unix.AT_FDCWD, at, unix.AT_RECURSIVE, &attr)
}

// point makes what the view is mounted on, unless an outer view shows it already.
func (v view) point(at string) error {
	if _, err := os.Stat(at); err == nil {
		return nil
	}
	fi, err := os.Stat(oldRoot + v.from)
	if err != nil {
		return err
	}
	if fi.IsDir() {
		return os.MkdirAll(at, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(at, os.O_CREATE|os.O_WRONLY, 0o444)
	if err != nil {
		return err
	}
	return f.Close()
}

// furnish adds what a program expects of a root: its processes, shared memory, and the usual links.
func (k *kept) furnish() error {
	for name, to := range map[string]string{"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"} {
		if err := os.Symlink(to, newRoot+"/dev/"+name); err != nil {
			return err
		}
	}
	if err := os.Mkdir(newRoot+"/dev/shm", 0o755); err != nil {
		return err
	}
	if err := mountMemory(newRoot+"/dev/shm", "size=256m,mode=1777"); err != nil {
		return err
	}
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	if k.proc = unix.Mount("proc", newRoot+"/proc", "proc", flags, "") == nil; k.proc {
		return nil
	}
	// Some containers hide parts of /proc, and then permit no whole one. The host's shows more processes, but none of their insides.
	return unix.Mount(oldRoot+"/proc", newRoot+"/proc", "", unix.MS_BIND|unix.MS_REC, "")
}

// moveIn makes the new root the root, and lets go of the old one.
func moveIn() error {
	if err := os.Chdir(newRoot); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("enter the new root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("let go of the old root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	return unix.MountSetattr(unix.AT_FDCWD, "/", 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
}

// boundProcesses lets the namespace have no more process numbers than that, where the kernel can (Linux 6.14 and later). Numbers under 300 are
// given once only, so there may be as many more in the beginning.
func (k *kept) boundProcesses(most int) {
	const reserved = 300
	if k.proc {
		_ = os.WriteFile("/proc/sys/kernel/pid_max", []byte(strconv.Itoa(reserved+max(most, 2))), fs.ModePerm)
	}
}
