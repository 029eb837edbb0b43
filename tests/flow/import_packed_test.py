# SPDX-License-Identifier: Apache-2.0
"""referralctl import of directories as they are published: packed, or as tables in one JSON object."""

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
import unittest
import uuid
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from import_test import ROOT, ImportTest, service  # noqa: E402

SERVICES = "id,name,status,organization_id\ns1,Shelter,active,o1\ns2,Kitchen,active,o1\n"
ORGANIZATIONS = "id,name,description\no1,House,h\n"
TABLES = {"services.csv": SERVICES, "organizations.csv": ORGANIZATIONS}


class Packed(ImportTest):
    """Whatever is unpacked is gone with the import that needed it."""

    def zip(self, name, files):
        path = self.path(name)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for file, text in files.items():
                packed.writestr(file, text)
        return path

    def refused(self, path, words):
        result = self.run_import("--source", "p", path)
        self.assertEqual(result.status, 1, result.err)
        self.assertIn(words, result.err)

    def setUp(self):
        super().setUp()
        self.room = self.path("tmp")
        os.makedirs(self.room, exist_ok=True)
        self.before, os.environ["TMPDIR"] = os.environ.get("TMPDIR"), self.room

    def tearDown(self):
        self.assertEqual([n for n in os.listdir(self.room) if n.startswith("referralctl-")], [])
        if self.before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = self.before
        super().tearDown()

    def names(self, source):
        return sorted(d["name"] + " of " + d["organization"]["name"] for d in self.documents(source).values())


class PackedTest(Packed):
    def test_a_package_of_tables_is_taken_from_a_zip(self):
        for number, folder in enumerate(("", "package/", "deep/er/")):
            files = {folder + name: text for name, text in TABLES.items()}
            files["__MACOSX/services.csv"] = SERVICES.replace("s1", "s3")
            files[folder + ".DS_Store"] = "junk"
            path = self.zip(f"p{number}.zip", files)
            self.load(path, "--source", f"zip{number}", read=2, added=2, quarantined={})
            self.assertEqual(self.names(f"zip{number}"), ["Kitchen of House", "Shelter of House"])

    def test_a_package_says_within_a_zip_which_file_is_which_table(self):
        about = {"resources": [{"name": "services", "path": "data/list.csv"}, {"name": "organizations", "path": "who.csv"}]}
        path = self.zip("said.zip", {"datapackage.json": json.dumps(about), "data/list.csv": SERVICES, "who.csv": ORGANIZATIONS})
        self.load(path, "--source", "said", read=2, added=2, quarantined={})
        self.assertEqual(self.names("said"), ["Kitchen of House", "Shelter of House"])

    def test_what_is_packed_is_taken_from_standard_input(self):
        with open(self.zip("in.zip", TABLES), "rb") as file:
            tables = file.read()
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for name, text in TABLES.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(text)
                tar.addfile(entry, io.BytesIO(text.encode()))
        lines = "".join(json.dumps(service(n)) + "\n" for n in (1, 2)).encode()
        for source, content in (("zip", tables), ("tar", packed.getvalue()), ("gz", gzip.compress(lines))):
            for added in (2, 0):
                with self.subTest(source, added=added):
                    run = subprocess.run(self.command("--json", "--source", source, "-"), input=content,
                                         cwd=ROOT, timeout=60, capture_output=True)
                    self.assertEqual((run.returncode, run.stderr), (0, b""))
                    self.assertEqual({k: json.loads(run.stdout)[k] for k in ("read", "added", "quarantined")},
                                     {"read": 2, "added": added, "quarantined": {}})

    def test_tar_and_single_files_are_taken_compressed(self):
        path = self.path("tables.tar.gz")
        with tarfile.open(path, "w:gz") as packed:
            for name, text in TABLES.items():
                entry = tarfile.TarInfo("./" + name)
                entry.size = len(text)
                packed.addfile(entry, io.BytesIO(text.encode()))
        self.load(path, "--source", "tar", read=2, added=2, quarantined={})
        path = self.path("One list.json.gz")
        with gzip.open(path, "wt") as packed:
            json.dump([service(1), service(2)], packed)
        self.assertEqual(self.run_import("--json", path).json["source"], "one-list")
        self.assertEqual(len(self.documents("one-list")), 2)

    def test_pages_are_taken_from_a_zip(self):
        path = self.zip("pages.zip", {f"page-{n}.json": json.dumps([service(n)]) for n in (1, 2, 10)})
        self.load(path, "--source", "pages", read=3, added=3, quarantined={})

    def test_names_that_lead_elsewhere_are_left_out(self):
        outside = self.path("outside.csv")
        path = self.zip("evil.zip", {"../evil.csv": SERVICES, outside: SERVICES, "a/../../evil.csv": SERVICES, **TABLES})
        self.load(path, "--source", "evil", read=2, added=2)
        self.assertFalse(os.path.exists(outside) or os.path.exists(os.path.join(self.room, "evil.csv")))
        path = self.path("link.tar")
        with tarfile.open(path, "w") as packed:
            link = tarfile.TarInfo("services.csv")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            packed.addfile(link)
        self.refused(path, "it holds no file")

    def test_what_is_damaged_or_too_large_says_so_and_changes_nothing(self):
        whole = self.zip("whole.zip", {"services.csv": SERVICES + "".join(
            f"{uuid.uuid4()},N,active,o1\n" for _ in range(500)), "organizations.csv": ORGANIZATIONS})
        with open(whole, "rb") as file:
            half = file.read()[:-9000]
        with open(self.path("cut.zip"), "wb") as file:
            file.write(half)
        self.refused(self.path("cut.zip"), "services.csv")
        self.refused(self.zip("bomb.zip", {"services.json": " " * (90 << 20)}), "more than is taken")
        self.refused(self.zip("many.zip", {f"{n}.json": "{}" for n in range(1001)}), "too many files")
        self.refused(self.zip("empty.zip", {}), "holds no file")
        self.refused(self.zip("book.xlsx", {"[Content_Types].xml": "<x/>"}), "save the sheet as CSV")


class OneObjectTest(Packed):
    """All tables of a package as one JSON object (HSDS' tabular.json)."""

    def save(self, tables, cut=0):
        path = self.path("tabular.json")
        text = json.dumps(tables, indent=1)
        with open(path, "w", encoding="utf-8") as file:
            file.write("\ufeff" + text[:len(text) - cut])
        return path

    TABLES = {
        "organizations.csv": [{"id": "o1", "name": "House", "description": None}],
        "services.csv": [{"id": 7, "name": "Shelter", "status": "active", "organization_id": "o1", "minimum_age": 18},
                         {"id": "s2", "name": "Kitchen", "status": "active", "organization_id": "o1"}, "no row", {"id": "s3"}],
        "colors.csv": [{"id": 1}]}

    def test_tables_of_one_object_are_a_package(self):
        result = self.load(self.save(self.TABLES), "--source", "tabular", read=4, added=2)
        self.assertEqual(result.json["quarantined"], {"not_object": 1, "missing_name": 1})
        self.assertEqual(result.json["notes"]["unknown_table"], 1)
        self.assertEqual(self.names("tabular"), ["Kitchen of House", "Shelter of House"])
        ages = [d.get("minimum_age") for d in self.documents("tabular").values()]
        self.assertEqual(sorted(ages, key=str), [18, None])

    def test_a_cut_object_takes_nothing_away(self):
        self.load(self.save(self.TABLES), "--source", "cut", added=2)
        tables = {"organizations.csv": self.TABLES["organizations.csv"], "services.csv": self.TABLES["services.csv"][:2]}
        result = self.run_import("--source", "cut", self.save(tables, cut=40))
        self.assertEqual(result.status, 3, result.err)
        self.assertEqual(len(self.documents("cut")), 2)


if __name__ == "__main__":
    unittest.main()
