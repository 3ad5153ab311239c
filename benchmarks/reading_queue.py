"""How long others wait for a small upload while one session gives pathological files without end.

    .venv/bin/python -m benchmarks.reading_queue [--uploads 20] [--new-sessions]

With ``--new-sessions`` the hog comes as another session each time, so that only the time which
its work takes gives it away.
"""

import argparse
import io
import threading
import time
import zipfile

import numpy as np

from ecgcore.readers import ReadOptions
from ecgcore.readers.isolated import decode_answer, encode_request, reading_spec
from ecgcore.recording import Recording
from ecgcore.workers import Pool, WorkerError

SMALL = {"a.csv": b"# fs: 500\n# unit: mV\nI,II\n" + b"0.1,0.2\n" * 5000}
N_MEMBERS, N_ROWS = 400, 1500


def pathological() -> dict[str, bytes]:
    """Return an archive of a few MB that takes longer than may be taken."""
    rng = np.random.default_rng(0)
    rows = "\n".join(",".join(f"{v:.3f}" for v in row) for row in rng.normal(0, 1, (N_ROWS, 12)))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(N_MEMBERS):
            archive.writestr(f"{number}.csv", f"# fs: 500\n# unit: mV\n# {number}\n{rows}\n")
    return {"hog.zip": stream.getvalue()}


def hog(pool: Pool, files: dict[str, bytes], stop: threading.Event, *, new: bool) -> None:
    """Give the same archive over and over."""
    count = 0
    while not stop.is_set():
        session = f"hog {count}" if new else "hog"
        ticket = pool.submit(encode_request(files, ReadOptions()), session=session)
        count += 1
        while not ticket.wait(0.1):
            if stop.is_set():
                ticket.cancel()
        if ticket.error is not None and not isinstance(ticket.error, WorkerError):
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=20)
    parser.add_argument("--new-sessions", action="store_true")
    args = parser.parse_args()
    files = pathological()
    pool = Pool(reading_spec())
    pool.start()
    stop = threading.Event()
    hogs = [
        threading.Thread(target=hog, args=(pool, files, stop), kwargs={"new": args.new_sessions})
        for _ in range(3)
    ]
    for thread in hogs:
        thread.start()
    time.sleep(1.0)
    waits = []
    for number in range(args.uploads):
        begin = time.perf_counter()
        ticket = pool.submit(encode_request(SMALL, ReadOptions()), session=number)
        ((_, found),) = decode_answer(ticket.result())
        waits.append(time.perf_counter() - begin)
        if not isinstance(found, Recording):
            raise SystemExit(str(found))
        time.sleep(0.5)
    stop.set()
    for thread in hogs:
        thread.join()
    pool.close()
    size = sum(map(len, files.values())) / 2**20
    print(f"{pool.size} workers; three uploads of {size:.1f} MB at any time beside")
    middle, high = np.quantile(waits, [0.5, 0.95])
    print(
        f"{len(waits)} small uploads: median {middle:.2f} s, 95 % below {high:.2f} s, most "
        f"{max(waits):.2f} s"
    )


if __name__ == "__main__":
    main()
