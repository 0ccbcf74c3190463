#include "faults.h"

#include <sqlite3.h>

#include <cerrno>

namespace headrace {
namespace {

Faults* current = nullptr;
sqlite3_vfs* real_vfs = nullptr;

// SQLite's file with the real one behind it.
struct FaultyFile {
  sqlite3_file base;
  sqlite3_file* real;
};

sqlite3_file* Real(sqlite3_file* file) { return reinterpret_cast<FaultyFile*>(file)->real; }

// What the call would be, if it is not to fail.
template <class Call>
int Unless(int own_code, Call call) {
  return current->Fails() ? current->code(own_code) : call();
}

int Close(sqlite3_file* file) {
  const int code = Real(file)->pMethods->xClose(Real(file));
  sqlite3_free(Real(file));
  return code;
}
int Read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
  return Unless(SQLITE_IOERR_READ,
                [&] { return Real(file)->pMethods->xRead(Real(file), bytes, size, offset); });
}
int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  if (!current->Fails()) return Real(file)->pMethods->xWrite(Real(file), bytes, size, offset);
  Real(file)->pMethods->xWrite(Real(file), bytes, size / 2, offset);
  return current->code(SQLITE_IOERR_WRITE);
}
int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  return Unless(SQLITE_IOERR_TRUNCATE,
                [&] { return Real(file)->pMethods->xTruncate(Real(file), size); });
}
int Sync(sqlite3_file* file, int flags) {
  return Unless(SQLITE_IOERR_FSYNC, [&] { return Real(file)->pMethods->xSync(Real(file), flags); });
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return Unless(SQLITE_IOERR_FSTAT,
                [&] { return Real(file)->pMethods->xFileSize(Real(file), size); });
}
int Lock(sqlite3_file* file, int lock) { return Real(file)->pMethods->xLock(Real(file), lock); }
int Unlock(sqlite3_file* file, int lock) { return Real(file)->pMethods->xUnlock(Real(file), lock); }
int CheckReservedLock(sqlite3_file* file, int* result) {
  return Real(file)->pMethods->xCheckReservedLock(Real(file), result);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Real(file)->pMethods->xFileControl(Real(file), operation, argument);
}
int SectorSize(sqlite3_file* file) { return Real(file)->pMethods->xSectorSize(Real(file)); }
int DeviceCharacteristics(sqlite3_file* file) {
  return Real(file)->pMethods->xDeviceCharacteristics(Real(file));
}
int ShmMap(sqlite3_file* file, int page, int size, int extend, void volatile** address) {
  return Unless(SQLITE_IOERR_SHMMAP, [&] {
    return Real(file)->pMethods->xShmMap(Real(file), page, size, extend, address);
  });
}
int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  return Real(file)->pMethods->xShmLock(Real(file), offset, count, flags);
}
void ShmBarrier(sqlite3_file* file) { Real(file)->pMethods->xShmBarrier(Real(file)); }
int ShmUnmap(sqlite3_file* file, int remove) {
  return Real(file)->pMethods->xShmUnmap(Real(file), remove);
}

const sqlite3_io_methods kMethods{2,
                                  Close,
                                  Read,
                                  Write,
                                  Truncate,
                                  Sync,
                                  FileSize,
                                  Lock,
                                  Unlock,
                                  CheckReservedLock,
                                  FileControl,
                                  SectorSize,
                                  DeviceCharacteristics,
                                  ShmMap,
                                  ShmLock,
                                  ShmBarrier,
                                  ShmUnmap,
                                  nullptr,
                                  nullptr};

int Open(sqlite3_vfs* /*vfs*/, sqlite3_filename name, sqlite3_file* file, int flags, int* given) {
  auto* const faulty = reinterpret_cast<FaultyFile*>(file);
  faulty->base.pMethods = nullptr;
  if (current->Fails()) return current->code(SQLITE_CANTOPEN);
  faulty->real = static_cast<sqlite3_file*>(sqlite3_malloc(real_vfs->szOsFile));
  const int code = real_vfs->xOpen(real_vfs, name, faulty->real, flags, given);
  if (code == SQLITE_OK) {
    faulty->base.pMethods = &kMethods;
  } else {
    sqlite3_free(faulty->real);
  }
  return code;
}

int Delete(sqlite3_vfs* /*vfs*/, const char* name, int sync) {
  return Unless(SQLITE_IOERR_DELETE, [&] { return real_vfs->xDelete(real_vfs, name, sync); });
}

sqlite3_vfs faulty_vfs;

}  // namespace

Faults::Faults() {
  current = this;
  real_vfs = sqlite3_vfs_find(nullptr);
  faulty_vfs = *real_vfs;
  faulty_vfs.pNext = nullptr;
  faulty_vfs.zName = "faulty";
  faulty_vfs.szOsFile = sizeof(FaultyFile);
  faulty_vfs.xOpen = Open;
  faulty_vfs.xDelete = Delete;
  sqlite3_vfs_register(&faulty_vfs, /*makeDflt=*/0);
}

Faults::~Faults() { sqlite3_vfs_unregister(&faulty_vfs); }

void Faults::FailFrom(int first, int count) {
  first_ = std::numeric_limits<int>::max();
  count_ = count;
  calls_ = 0;
  failed_ = false;
  first_ = first;
}

bool Faults::Fails() {
  const int call = ++calls_;
  const int first = first_;
  if (call < first || call - first >= count_) return false;
  failed_ = true;
  return true;
}

bool FaultyFiles::Fails() {
  const bool fails = faults_.Fails();
  if (fails) errno = EIO;
  return fails;
}

UniqueFd FaultyFiles::Create(int folder, const std::string& name) {
  return Fails() ? UniqueFd() : FileOps::Create(folder, name);
}

bool FaultyFiles::Write(int file, const Payload& payload) {
  if (!Fails()) return FileOps::Write(file, payload);
  const auto bytes = payload.Bytes();
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  FileOps::Write(file, Payload::FromString(std::string(text, bytes.size() / 2)));
  errno = EIO;
  return false;
}

bool FaultyFiles::Sync(int file) { return !Fails() && FileOps::Sync(file); }

bool FaultyFiles::Rename(int folder, const std::string& from, const std::string& to) {
  return !Fails() && FileOps::Rename(folder, from, to);
}

bool FaultyFiles::SyncFolder(int folder) { return !Fails() && FileOps::SyncFolder(folder); }

bool FaultyFiles::Unlink(int folder, const std::string& name) {
  return !Fails() && FileOps::Unlink(folder, name);
}

}  // namespace headrace
