"""The tables of the store; :mod:`ecgcore.reviews.migrations` makes them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    String,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

DIGEST = 64


class UtcTime(TypeDecorator[datetime]):
    """A time in UTC, also where the database keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what is stored."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what was stored, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """What all tables share."""


class PersonRow(Base):
    """A reader; without a login one browser is one reader without a name."""

    __tablename__ = "persons"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class SessionRow(Base):
    """A browser that is known again; its token is kept as a digest alone."""

    __tablename__ = "sessions"

    token_sha256: Mapped[str] = mapped_column(String(DIGEST), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    seen_at: Mapped[datetime] = mapped_column(UtcTime)


class RecordingRow(Base):
    """A recording in the data folder, under the SHA-256 of its content."""

    __tablename__ = "recordings"

    id: Mapped[str] = mapped_column(String(DIGEST), primary_key=True)
    n_bytes: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    # No case needs it any more; its file goes next, and then this row.
    leaving: Mapped[bool] = mapped_column(default=False)


class CaseRow(Base):
    """A recording, or a demonstration case, on a reader's list."""

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint("(recording_id IS NULL) <> (demo_key = '')", name="one_source"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"), index=True)
    recording_id: Mapped[str | None] = mapped_column(ForeignKey("recordings.id"), index=True)
    demo_key: Mapped[str] = mapped_column(String(100), default="")
    title: Mapped[str] = mapped_column(String(300), default="")
    source_digest: Mapped[str] = mapped_column(String(DIGEST), default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class EventRow(Base):
    """An event of a case; a trigger of the database refuses every change of one."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_person_id", "person_id"),)

    case_id: Mapped[str] = mapped_column(
        ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person_id: Mapped[str] = mapped_column(ForeignKey("persons.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcTime)
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    software: Mapped[str] = mapped_column(String(100))
    model: Mapped[str] = mapped_column(String(DIGEST), default="")
