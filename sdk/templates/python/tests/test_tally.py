import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
from tally import tally


class Tally(unittest.TestCase):
    def test_names_that_begin_alike_are_counted_together(self):
        self.assertEqual(tally(["todo-1", "todo-2", "plan.txt"]), [("plan", 1), ("todo", 2)])


if __name__ == "__main__":
    unittest.main()
